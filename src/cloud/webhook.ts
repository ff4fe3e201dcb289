import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { resultOfStatus, type SendResult } from './sending.ts';
import { parseWebAddress, type Resolve, refuseAddress, resolveBySystem } from './web-address.ts';

export type WebhookPost = ReturnType<typeof createWebhookPost>;

const TIMEOUT_MS = 10_000;

class RefusedAddress extends Error {}

/**
 * Posts to addresses that tenants choose. Where a name leads is judged at the moment of connecting, by every address it
 * has, so that it cannot point elsewhere after a check. Redirects are not followed, answers are not read.
 */
export function createWebhookPost({
  allowLoopback,
  now,
  resolve = resolveBySystem,
  timeoutMs = TIMEOUT_MS,
}: {
  /** Whether this machine itself may be written to, by http too. */
  allowLoopback: boolean;
  /** Epoch milliseconds. */
  now: () => number;
  resolve?: Resolve;
  timeoutMs?: number;
}) {
  const lookup: LookupFunction = (hostname, options, callback) => {
    resolve(hostname).then(
      (found) => {
        const reason = found
          .map(({ address }) => refuseAddress(address, { allowLoopback }))
          .find((one) => one !== undefined);
        const [first] = found;
        if (reason !== undefined || first === undefined) {
          callback(new RefusedAddress(`its name leads where nothing is sent: ${reason}`), '', 0);
        } else if (options.all === true) {
          callback(null, found);
        } else {
          callback(null, first.address, first.family);
        }
      },
      (error: Error) => callback(error, '', 0),
    );
  };

  /**
   * Posts `body` once, within ten seconds. Never throws; a refused address is a failure for good when the URL itself
   * names it, and one to be tried again when a name leads to it at the moment.
   */
  return async function post(
    address: string,
    { body, headers }: { body: string; headers: Record<string, string> },
  ): Promise<SendResult> {
    const parsed = parseWebAddress(address, { allowLoopback });
    if (parsed.kind === 'refused') {
      const detail = `the address is refused: ${parsed.reason}`;
      return { kind: 'failed', retryable: false, ambiguous: false, detail };
    }
    const { url } = parsed;
    const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const options: RequestOptions = {
      method: 'POST',
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
      lookup,
      // A connection that is kept would skip the check of where its name leads.
      agent: false,
    };
    return new Promise((settle) => {
      let connected = false;
      const request = start(url, options);
      const timer = setTimeout(() => request.destroy(new Error('no answer in time')), timeoutMs);
      const end = (result: SendResult) => {
        clearTimeout(timer);
        settle(result);
        request.destroy();
      };
      request.on('socket', (socket) => {
        const ready = url.protocol === 'https:' ? 'secureConnect' : 'connect';
        socket.once(ready, () => {
          connected = true;
        });
      });
      request.on('response', (response) => {
        const { statusCode = 0, headers } = response;
        const known = { get: (name: string) => headers[name]?.toString() ?? null };
        end(resultOfStatus(statusCode, { headers: known, nowMs: now() }));
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        const detail =
          error instanceof RefusedAddress
            ? `the address is refused: ${error.message}`
            : `no answer: ${error.code ?? error.message}`;
        end({ kind: 'failed', retryable: true, ambiguous: connected, detail });
      });
      request.end(body);
    });
  };
}
