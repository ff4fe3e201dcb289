import {
  type Context,
  context,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  trace,
} from '@opentelemetry/api';
import {
  ATTR_MESSAGING_DESTINATION_SUBSCRIPTION_NAME,
  ATTR_MESSAGING_MESSAGE_ID,
  ATTR_MESSAGING_OPERATION_NAME,
  ATTR_MESSAGING_OPERATION_TYPE,
  ATTR_MESSAGING_SYSTEM,
  MESSAGING_SYSTEM_VALUE_GCP_PUBSUB,
} from '@opentelemetry/semantic-conventions/incubating';
import { withinSpan } from './spans.ts';

/** Google's own clients look for the context under its name with this before it. */
const GOOGLE_PREFIX = 'googclient_';

/** What every span about Pub/Sub says. */
export const PUBSUB = { [ATTR_MESSAGING_SYSTEM]: MESSAGING_SYSTEM_VALUE_GCP_PUBSUB };

/** A message's attributes with the trace that publishes it, under W3C's names and under those of Google's clients. */
export function withTraceContext(
  attributes: Record<string, string> | undefined,
): Record<string, string> | undefined {
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  const names = Object.keys(carrier);
  if (names.length === 0) return attributes;
  const prefixed = names.map((name) => [GOOGLE_PREFIX + name, carrier[name]!] as const);
  return { ...attributes, ...carrier, ...Object.fromEntries(prefixed) };
}

/** The trace that published a message; without one the empty context. */
function publishedIn(attributes: Record<string, unknown>): Context {
  const ours = propagation.extract(ROOT_CONTEXT, attributes);
  if (trace.getSpanContext(ours) !== undefined) return ours;
  const google: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith(GOOGLE_PREFIX)) google[name.slice(GOOGLE_PREFIX.length)] = value;
  }
  return propagation.extract(ROOT_CONTEXT, google);
}

/** What a push request says of its message, but for the data. */
export type MessageHead = {
  messageId: string;
  attributes: Record<string, unknown>;
  /** `projects/P/subscriptions/S` */
  subscription: string | undefined;
};

/** The head of the message in a push request's body, or undefined when it is not one. */
export function readMessageHead(body: unknown): MessageHead | undefined {
  const { message, subscription } = (body ?? {}) as Record<string, unknown>;
  if (typeof message !== 'object' || message === null) return undefined;
  const { messageId, message_id, attributes } = message as Record<string, unknown>;
  const id = messageId ?? message_id;
  if (typeof id !== 'string') return undefined;
  return {
    messageId: id,
    attributes: { ...(attributes as Record<string, unknown> | null | undefined) },
    subscription: typeof subscription === 'string' ? subscription : undefined,
  };
}

/**
 * Runs the work on a pushed message within a span that continues the trace it was published in, linked to the request that
 * brought it. A message that carries no trace is worked on in that of the request.
 */
export function withinConsumerSpan<T>(
  message: MessageHead,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const { messageId, attributes: sent, subscription } = message;
  const published = publishedIn(sent);
  const continues = trace.getSpanContext(published) !== undefined;
  const request = trace.getSpanContext(context.active());
  const links: Link[] = continues && request !== undefined ? [{ context: request }] : [];
  const name = subscription?.split('/').at(-1);
  const attributes = {
    ...PUBSUB,
    [ATTR_MESSAGING_OPERATION_NAME]: 'process',
    [ATTR_MESSAGING_OPERATION_TYPE]: 'process',
    [ATTR_MESSAGING_MESSAGE_ID]: messageId,
    ...(name !== undefined && { [ATTR_MESSAGING_DESTINATION_SUBSCRIPTION_NAME]: name }),
  };
  const inTrace = () =>
    withinSpan(
      name === undefined ? 'process' : `process ${name}`,
      { kind: SpanKind.CONSUMER, attributes, links },
      work,
    );
  return continues ? context.with(published, inTrace) : inTrace();
}
