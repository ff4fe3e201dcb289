import type { ServerDuplexStream } from '@grpc/grpc-js';
import { modifyAckDeadlines, parseAckIds } from './acks.ts';
import type { PullConsumer } from './dispatcher.ts';
import { formatReceived } from './message.ts';
import { parseResourceName } from './names.ts';
import type { Registry } from './registry.ts';
import { invalidArgument, toServiceError } from './status.ts';
import type { LiveSubscription } from './subscription.ts';
import type { StreamingPullRequest } from './wire.ts';

type Call = ServerDuplexStream<StreamingPullRequest, object>;

/** Clients of protocol version 1 drop a stream that stays silent. */
const KEEP_ALIVE_MS = 15_000;

/**
 * `StreamingPull`: sends messages as they become ready, holding back while the client has as many messages or bytes
 * unacknowledged as its first request allows. Ending the stream leaves its leases to run out.
 */
export function createStreamingPullCall(registry: Registry, projectId: string, now: () => number) {
  return (call: Call): void => {
    let stream: { update(request: StreamingPullRequest): void; close(): void } | undefined;
    call.on('data', (request: StreamingPullRequest) => {
      try {
        if (stream) stream.update(request);
        else {
          const name = parseResourceName(request.subscription, 'subscriptions', projectId);
          stream = openStream(call, registry.subscription(name), request, now);
        }
      } catch (error) {
        stream?.close();
        fail(call, error);
      }
    });
    call.on('end', () => {
      stream?.close();
      call.end();
    });
    call.on('cancelled', () => stream?.close());
    call.on('error', () => stream?.close());
  };
}

function openStream(
  call: Call,
  live: LiveSubscription,
  first: StreamingPullRequest,
  now: () => number,
) {
  let ackDeadlineSeconds = parseStreamDeadline(first.streamAckDeadlineSeconds);
  const maxMessages = first.maxOutstandingMessages > 0 ? first.maxOutstandingMessages : Infinity;
  const maxBytes = first.maxOutstandingBytes > 0 ? first.maxOutstandingBytes : Infinity;
  let messagesOut = 0;
  let bytesOut = 0;
  let writable = true;
  let open = true;

  const consumer: PullConsumer = {
    capacity: () => ({
      maxMessages: open && writable && bytesOut < maxBytes ? maxMessages - messagesOut : 0,
      maxBytes: maxBytes - bytesOut,
    }),
    ackDeadlineMs: () => ackDeadlineSeconds * 1000,
    deliver(leases) {
      const { deadLetter, ordered } = live.config;
      messagesOut += leases.length;
      for (const { message } of leases) bytesOut += message.bytes;
      writable = call.write({
        receivedMessages: leases.map(({ message, ackId, attempts }) =>
          formatReceived(message, ackId, deadLetter && attempts),
        ),
        subscriptionProperties: {
          exactlyOnceDeliveryEnabled: false,
          messageOrderingEnabled: ordered,
        },
      });
    },
    released({ message }) {
      messagesOut -= 1;
      bytesOut -= message.bytes;
      live.wake();
    },
    fail(reason) {
      close();
      fail(call, reason);
    },
  };
  call.on('drain', () => {
    writable = true;
    live.wake();
  });
  const keepAlive =
    first.protocolVersion > 0 ? setInterval(() => call.write({}), KEEP_ALIVE_MS) : undefined;

  function close(): void {
    open = false;
    clearInterval(keepAlive);
    live.closePull(consumer);
  }

  function settle(request: StreamingPullRequest): void {
    const { backlog, config } = live;
    if (request.ackIds.length > 0) {
      for (const ackId of parseAckIds(request.ackIds, config.name)) backlog.ack(ackId);
    }
    if (request.modifyDeadlineAckIds.length > 0) {
      if (request.modifyDeadlineSeconds.length !== request.modifyDeadlineAckIds.length) {
        throw invalidArgument(
          'The number of modify_deadline_seconds and modify_deadline_ack_ids must be the same.',
        );
      }
      const ackIds = parseAckIds(request.modifyDeadlineAckIds, config.name);
      modifyAckDeadlines(backlog, ackIds, (index) => request.modifyDeadlineSeconds[index]!, now);
    }
  }

  settle(first);
  try {
    live.openPull(consumer);
  } catch (error) {
    close();
    throw error;
  }
  return {
    update(request: StreamingPullRequest): void {
      if (request.subscription || request.maxOutstandingMessages || request.maxOutstandingBytes) {
        throw invalidArgument(
          'subscription, max_outstanding_messages and max_outstanding_bytes must only be set in the first StreamingPullRequest.',
        );
      }
      if (request.streamAckDeadlineSeconds !== 0) {
        ackDeadlineSeconds = parseStreamDeadline(request.streamAckDeadlineSeconds);
      }
      settle(request);
    },
    close,
  };
}

function parseStreamDeadline(seconds: number): number {
  if (seconds >= 10 && seconds <= 600) return seconds;
  throw invalidArgument(
    seconds === 0
      ? 'first message must set stream_ack_deadline_seconds'
      : 'stream_ack_deadline_seconds must be between 10 and 600 seconds',
  );
}

function fail(call: Call, error: unknown): void {
  call.emit('error', toServiceError(error));
}
