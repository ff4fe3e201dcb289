import { createHmac } from 'node:crypto';
import type { Alert } from '../alert.ts';

/** A request as it is posted to a webhook. */
export type WebhookRequest = { body: string; headers: Record<string, string> };

/**
 * The request that tells a webhook of an alert: the alert as JSON, signed.
 *
 * - `x-agentworks-timestamp`: when it is sent, in seconds since 1970.
 * - `x-agentworks-signature`: `v1=` and the hex HMAC-SHA256, under the channel's signing secret, of the timestamp, a full
 *   stop, and the body as it was received. Receivers compute it themselves, compare in constant time, and refuse timestamps
 *   more than five minutes away, so that a request that was overheard cannot be repeated later.
 * - `x-agentworks-alert-id`: the alert's id, the same for every attempt: a repeat can be recognised by it.
 *
 * Pure. `nowMs` is epoch milliseconds.
 */
export function renderWebhook(alert: Alert, signingKey: string, nowMs: number): WebhookRequest {
  const body = JSON.stringify(alert);
  const timestamp = String(Math.floor(nowMs / 1_000));
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'agentworks-observability',
      'x-agentworks-timestamp': timestamp,
      'x-agentworks-signature': `v1=${signatureOf(signingKey, timestamp, body)}`,
      'x-agentworks-alert-id': alert.id,
    },
  };
}

function signatureOf(key: string, timestamp: string, body: string): string {
  return createHmac('sha256', key).update(`${timestamp}.${body}`).digest('hex');
}
