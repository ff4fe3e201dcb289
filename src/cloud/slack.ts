import { IncomingWebhook, type IncomingWebhookSendArguments } from '@slack/webhook';
import { resultOfStatus, type SendResult } from './sending.ts';

/** What Slack's incoming webhooks take. */
export type SlackMessage = Pick<IncomingWebhookSendArguments, 'text' | 'blocks'>;

export type SlackPost = ReturnType<typeof createSlackPost>;

const TIMEOUT_MS = 10_000;
/** The connection was never made. */
const NEVER_REACHED =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|CERT_.*|.*_CERT.*)$/;

/**
 * Whether a Slack webhook may be posted to: https and a host of the list; an entry with a port is loopback's, is reached by
 * http, and must match with its port.
 */
export function isSlackAddress(address: string, slackHosts: readonly string[]): boolean {
  const url = URL.parse(address);
  if (url === null || url.username !== '' || url.password !== '') return false;
  if (url.port === '') return url.protocol === 'https:' && slackHosts.includes(url.host);
  return url.protocol === 'http:' && slackHosts.includes(url.host);
}

/**
 * Posts to Slack's incoming webhooks through Slack's own client. The webhook's address is a secret: it is in no result,
 * error or log. Redirects are refused.
 */
export function createSlackPost({
  slackHosts,
  now,
  timeoutMs = TIMEOUT_MS,
}: {
  slackHosts: readonly string[];
  /** Epoch milliseconds. */
  now: () => number;
  timeoutMs?: number;
}) {
  /** Posts once, within ten seconds. Never throws. */
  return async function post(address: string, message: SlackMessage): Promise<SendResult> {
    if (!isSlackAddress(address.trim(), slackHosts)) {
      const detail = "the secret does not hold the address of one of Slack's incoming webhooks";
      return { kind: 'failed', retryable: false, ambiguous: false, detail };
    }
    let answer: { status: number; headers: Headers } | undefined;
    let failure: unknown;
    const webhook = new IncomingWebhook(address.trim(), {
      timeout: timeoutMs,
      // The client drops the header that says when to come again, and what a failure is due to.
      fetch: async (url, init) => {
        try {
          const response = await fetch(url, init);
          answer = { status: response.status, headers: response.headers };
          return response;
        } catch (error) {
          failure = error;
          throw error;
        }
      },
    });
    try {
      await webhook.send(message);
      return { kind: 'sent' };
    } catch (error) {
      if (answer !== undefined) {
        const { status, headers } = answer;
        const result = resultOfStatus(status, { headers, nowMs: now() });
        // Taken, though the rest of the answer was lost.
        if (result.kind === 'sent') return result;
        return { ...result, detail: result.detail + slackReason(error) };
      }
      const code = causeCode(failure);
      const reached = !NEVER_REACHED.test(code);
      const detail = `no answer from Slack: ${code}`;
      return { kind: 'failed', retryable: true, ambiguous: reached, detail };
    }
  };
}

/** Slack says what is wrong in one word, such as `channel_is_archived`; nothing else is taken over. */
function slackReason(error: unknown): string {
  const { body } = error as { body?: unknown };
  return typeof body === 'string' && /^[a-z_]{1,64}$/.test(body) ? ` (${body})` : '';
}

/** The code of what `fetch` failed for, which names no address. */
function causeCode(error: unknown): string {
  const { name, cause } = (error ?? {}) as { name?: unknown; cause?: { code?: unknown } };
  if (name === 'TimeoutError' || name === 'AbortError') return 'no answer in time';
  return typeof cause?.code === 'string' ? cause.code : 'no reason given';
}
