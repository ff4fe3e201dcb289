import { PubSub } from '@google-cloud/pubsub';
import { SpanKind } from '@opentelemetry/api';
import {
  ATTR_MESSAGING_DESTINATION_NAME,
  ATTR_MESSAGING_MESSAGE_BODY_SIZE,
  ATTR_MESSAGING_MESSAGE_ID,
  ATTR_MESSAGING_OPERATION_NAME,
  ATTR_MESSAGING_OPERATION_TYPE,
} from '@opentelemetry/semantic-conventions/incubating';
import { AppError, errorMessage } from '../core/errors.ts';
import { PUBSUB, withTraceContext } from './message-context.ts';
import { withinSpan } from './spans.ts';

export type Publisher = ReturnType<typeof createPublisher>;

const PUBLISH_TIMEOUT_MS = 5_000;
const MAX_IN_FLIGHT_BYTES = 64 * 1_048_576;

/**
 * Publishes to one topic; a message counts as published only when its promise resolves. The client retries a
 * publish within five seconds, which may store it twice: receivers must recognise repeats by event id. A message carries
 * the trace it was published in, in its attributes.
 * `PUBSUB_EMULATOR_HOST` is honoured by the client itself.
 */
export function createPublisher(options: { projectId: string; topic: string }) {
  const client = new PubSub({ projectId: options.projectId });
  const topic = client.topic(options.topic, {
    // Callers batch events into messages themselves; waiting for more messages would only add latency.
    batching: { maxMessages: 1 },
    gaxOpts: { timeout: PUBLISH_TIMEOUT_MS },
  });
  const inFlight = new Set<Promise<unknown>>();
  let inFlightBytes = 0;

  return {
    /**
     * Resolves with the message id once Pub/Sub has stored the message. Throws `publish_failed` (retryable; the
     * message may have been stored all the same) and `publish_overloaded` when 64 MiB are on their way already.
     */
    async publish(data: Buffer, attributes?: Record<string, string>): Promise<string> {
      if (inFlightBytes + data.length > MAX_IN_FLIGHT_BYTES) {
        throw new AppError({
          code: 'publish_overloaded',
          message: `${inFlightBytes} bytes are waiting to be published`,
          publicMessage: 'Too much is waiting to be published; try again.',
          retryable: true,
        });
      }
      inFlightBytes += data.length;
      const sent = withinSpan(
        `publish ${options.topic}`,
        {
          kind: SpanKind.PRODUCER,
          attributes: {
            ...PUBSUB,
            [ATTR_MESSAGING_OPERATION_NAME]: 'publish',
            [ATTR_MESSAGING_OPERATION_TYPE]: 'send',
            [ATTR_MESSAGING_DESTINATION_NAME]: options.topic,
            [ATTR_MESSAGING_MESSAGE_BODY_SIZE]: data.length,
          },
        },
        async (span) => {
          const id = await topic.publishMessage({ data, attributes: withTraceContext(attributes) });
          span.setAttribute(ATTR_MESSAGING_MESSAGE_ID, id);
          return id;
        },
      );
      inFlight.add(sent);
      try {
        return await sent;
      } catch (error) {
        throw new AppError({
          code: 'publish_failed',
          message: `Publish to ${options.topic} failed: ${errorMessage(error)}`,
          publicMessage: 'The event queue did not answer.',
          retryable: true,
          cause: error,
        });
      } finally {
        inFlight.delete(sent);
        inFlightBytes -= data.length;
      }
    },

    /** Whether the topic exists; throws when Pub/Sub does not answer. */
    async ping(): Promise<boolean> {
      const [exists] = await topic.exists();
      return exists;
    },

    /** Waits for every publish under way, then closes the connection. A second call is harmless. */
    async close(): Promise<void> {
      await Promise.allSettled(inFlight);
      await client.close();
    },
  };
}
