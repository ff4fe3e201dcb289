import type { ServerUnaryCall } from '@grpc/grpc-js';
import type { PullConsumer } from './dispatcher.ts';
import { formatReceived } from './message.ts';
import { parseResourceName } from './names.ts';
import type { Registry } from './registry.ts';
import { invalidField } from './status.ts';
import type { ReceivedMessage } from './wire.ts';

type PullRequest = { subscription: string; maxMessages: number; returnImmediately: boolean };
type PullResponse = { receivedMessages: ReceivedMessage[] };

/** How long a pull waits for a first message before it answers with none; clients ask again. */
const WAIT_MS = 20_000;

/** Unary `Pull`: answers as soon as there is at least one message, or with none after a while (at once if so asked). */
export function createPullCall(registry: Registry, projectId: string) {
  return (request: PullRequest, call: ServerUnaryCall<unknown, unknown>): Promise<PullResponse> => {
    const live = registry.subscription(
      parseResourceName(request.subscription, 'subscriptions', projectId),
    );
    if (request.maxMessages <= 0) throw invalidField('max_messages');

    return new Promise((resolve, reject) => {
      let open = true;
      const consumer: PullConsumer = {
        capacity: () => ({
          maxMessages: open ? request.maxMessages : 0,
          maxBytes: Number.POSITIVE_INFINITY,
        }),
        ackDeadlineMs: () => live.config.ackDeadlineSeconds * 1000,
        deliver(leases) {
          close();
          const { deadLetter } = live.config;
          resolve({
            receivedMessages: leases.map(({ message, ackId, attempts }) =>
              formatReceived(message, ackId, deadLetter && attempts),
            ),
          });
        },
        released() {},
        fail(reason) {
          close();
          reject(reason);
        },
      };
      const giveUp = () => {
        close();
        resolve({ receivedMessages: [] });
      };
      const timer = setTimeout(giveUp, WAIT_MS);
      function close(): void {
        open = false;
        clearTimeout(timer);
        live.closePull(consumer);
      }
      call.on('cancelled', giveUp);
      try {
        live.openPull(consumer);
      } catch (error) {
        close();
        reject(error);
        return;
      }
      // After the round of deliveries that opening the pull has set off.
      if (request.returnImmediately) setImmediate(() => open && giveUp());
    });
  };
}
