import { Agent, type ClientRequest, request as httpRequest } from 'node:http';
import { request as httpsRequest, Agent as TlsAgent } from 'node:https';
import type { TokenSigner } from '../oidc.ts';
import type { Backlog, Lease } from './backlog.ts';
import { buildPushRequest } from './push-request.ts';
import { createPushWindow } from './push-window.ts';
import type { SubscriptionConfig } from './subscription-config.ts';

export type PushOutcome =
  | { kind: 'acked'; status: number }
  | { kind: 'nacked'; reason: 'status' | 'timeout' | 'unreachable'; detail: string };

export type PusherOptions = {
  /** Must have `push` set whenever messages are ready. */
  config: () => SubscriptionConfig;
  backlog: Backlog;
  signToken: TokenSigner;
  maxWindow: number;
  maxPauseMs: number;
};

export type Pusher = ReturnType<typeof createPusher>;

/** Final answers that acknowledge (an interim 102 does too); everything else is redelivered. */
const ACK_STATUSES = new Set([200, 201, 202, 204]);

/**
 * Delivers one push subscription's messages by HTTP POST, as many at once as the window allows.
 * `pump` is to be called whenever messages may be ready; calling it too often does no harm.
 */
export function createPusher({ config, backlog, signToken, maxWindow, maxPauseMs }: PusherOptions) {
  const window = createPushWindow(maxWindow, maxPauseMs);
  const agents = {
    'http:': new Agent({ keepAlive: true }),
    'https:': new TlsAgent({ keepAlive: true }),
  };
  const underWay = new Set<ClientRequest>();
  let inFlight = 0;
  let lastFailure: string | undefined;
  let pause: NodeJS.Timeout | undefined;
  let closed = false;

  function pump(): void {
    while (!closed && !pause && config().push && inFlight < window.size) {
      const [lease] = backlog.take({
        maxMessages: 1,
        maxBytes: Number.POSITIVE_INFINITY,
        deadlineMs: Number.POSITIVE_INFINITY,
      });
      if (!lease) return;
      inFlight += 1;
      void deliver(lease);
    }
  }

  async function deliver(lease: Lease): Promise<void> {
    const outcome = await send(lease);
    inFlight -= 1;
    if (closed) return;
    if (outcome.kind === 'acked') {
      window.succeeded();
      backlog.ack(lease.ackId);
    } else {
      lastFailure = `${outcome.reason}: ${outcome.detail}`;
      window.failed();
      backlog.nack(lease.ackId);
      holdBack();
    }
    pump();
  }

  function holdBack(): void {
    if (pause || window.pauseMs === 0) return;
    pause = setTimeout(() => {
      pause = undefined;
      pump();
    }, window.pauseMs);
  }

  async function send(lease: Lease): Promise<PushOutcome> {
    const current = config();
    const { pushEndpoint, oidcToken } = current.push!;
    const { headers, body } = buildPushRequest(lease, current);
    if (oidcToken) {
      const token = await signToken({
        email: oidcToken.serviceAccountEmail,
        audience: oidcToken.audience || pushEndpoint,
      });
      headers.authorization = `Bearer ${token}`;
    }
    return await post(new URL(pushEndpoint), headers, body, current.ackDeadlineSeconds * 1000);
  }

  function post(
    url: URL,
    headers: Record<string, string | number>,
    body: Buffer,
    timeoutMs: number,
  ): Promise<PushOutcome> {
    return new Promise((resolve) => {
      const secure = url.protocol === 'https:';
      const request = (secure ? httpsRequest : httpRequest)(url, {
        method: 'POST',
        headers,
        agent: agents[secure ? 'https:' : 'http:'],
      });
      underWay.add(request);
      const timer = setTimeout(() => {
        settle({ kind: 'nacked', reason: 'timeout', detail: `no answer in ${timeoutMs} ms` });
        request.destroy();
      }, timeoutMs);
      function settle(outcome: PushOutcome): void {
        clearTimeout(timer);
        underWay.delete(request);
        resolve(outcome);
      }
      request.on('information', ({ statusCode }) => {
        if (statusCode === 102) settle({ kind: 'acked', status: statusCode });
      });
      request.on('response', (response) => {
        response.resume();
        response.on('error', () => {});
        const status = response.statusCode ?? 0;
        settle(
          ACK_STATUSES.has(status)
            ? { kind: 'acked', status }
            : { kind: 'nacked', reason: 'status', detail: String(status) },
        );
      });
      request.on('error', (error) => {
        settle({ kind: 'nacked', reason: 'unreachable', detail: error.message });
      });
      request.end(body);
    });
  }

  return {
    pump,
    /** Stops for good; requests under way are cut, their messages stay unacknowledged. */
    close(): void {
      closed = true;
      clearTimeout(pause);
      for (const request of underWay) request.destroy();
      agents['http:'].destroy();
      agents['https:'].destroy();
    },
    get stats() {
      return { pushWindow: window.size, pushPauseMs: window.pauseMs, lastPushFailure: lastFailure };
    },
  };
}
