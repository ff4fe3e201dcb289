import { type ChannelListener, channel } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';

/** Node's own channel, told of every request before its listener runs. */
const REQUEST_START = 'http.server.request.start';

/**
 * Holds the end of an HTTP answer until what is due has been sent, at most `maxWaitMs`. Cloud Run takes the CPU away from
 * an instance that answers no request, so that what would be sent later is sent when somebody calls again, or never.
 * `close` ends it; answers under way keep their hold.
 */
export function flushWithinRequests(options: {
  /** Whether there is something that should not wait for the next request. */
  isDue: () => boolean;
  /** Must not reject. */
  flush: () => Promise<unknown>;
  maxWaitMs?: number;
}): { close(): void } {
  const { isDue, flush, maxWaitMs = 2_000 } = options;

  const onRequest: ChannelListener = (message) => {
    const { response } = message as { response: ServerResponse };
    const end = response.end.bind(response) as (...args: unknown[]) => ServerResponse;
    const write = response.write.bind(response) as (...args: unknown[]) => boolean;
    let held = false;
    response.end = ((...args: unknown[]) => {
      // As with an answer that has ended: a second end changes nothing.
      if (held) return response;
      if (!isDue()) return end(...args);
      held = true;
      const giveUp = new Promise((resolve) => setTimeout(resolve, maxWaitMs).unref());
      void Promise.race([flush(), giveUp]).finally(() => {
        response.write = write as ServerResponse['write'];
        try {
          end(...args);
        } catch (error) {
          // Nobody is there any more to whom it could be thrown.
          response.destroy(error as Error);
        }
      });
      return response;
    }) as ServerResponse['end'];
    response.write = ((...args: unknown[]) => {
      if (!held) return write(...args);
      const error = Object.assign(new Error('write after end'), {
        code: 'ERR_STREAM_WRITE_AFTER_END',
      });
      const callback = args.at(-1);
      if (typeof callback === 'function') process.nextTick(callback, error);
      response.destroy(error);
      return false;
    }) as ServerResponse['write'];
  };

  const requests = channel(REQUEST_START);
  requests.subscribe(onRequest);
  return {
    close() {
      requests.unsubscribe(onRequest);
    },
  };
}
