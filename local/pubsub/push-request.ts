import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { Lease } from './backlog.ts';
import type { SubscriptionConfig } from './subscription-config.ts';

export type PushRequest = { headers: Record<string, string | number>; body: Buffer };

/** Body and headers of one push delivery, without the authorization. Wrapped JSON, or with `noWrapper` the bare data. */
export function buildPushRequest(lease: Lease, config: SubscriptionConfig): PushRequest {
  const noWrapper = config.push?.noWrapper;
  const body = noWrapper ? lease.message.data : wrap(lease, config);
  return {
    body,
    headers: {
      'content-type': noWrapper ? 'application/octet-stream' : 'application/json',
      'content-length': body.length,
      accept: 'application/json',
      from: 'noreply@google.com',
      'user-agent': 'CloudPubSub-Google',
      ...(noWrapper?.writeMetadata ? metadataHeaders(lease, config) : {}),
    },
  };
}

function wrap({ message, attempts }: Lease, config: SubscriptionConfig): Buffer {
  const publishTime = new Date(message.publishTimeMs).toISOString();
  return Buffer.from(
    JSON.stringify({
      ...(config.deadLetter ? { deliveryAttempt: attempts } : {}),
      message: {
        ...(Object.keys(message.attributes).length > 0 ? { attributes: message.attributes } : {}),
        ...(message.data.length > 0 ? { data: message.data.toString('base64') } : {}),
        messageId: message.messageId,
        message_id: message.messageId,
        ...(message.orderingKey ? { orderingKey: message.orderingKey } : {}),
        publishTime,
        publish_time: publishTime,
      },
      subscription: config.name,
    }),
  );
}

function metadataHeaders({ message }: Lease, config: SubscriptionConfig): Record<string, string> {
  const headers: Record<string, string> = {
    'x-goog-pubsub-subscription-name': config.name,
    'x-goog-pubsub-message-id': message.messageId,
    'x-goog-pubsub-publish-time': new Date(message.publishTimeMs).toISOString(),
    ...(message.orderingKey ? { 'x-goog-pubsub-ordering-key': message.orderingKey } : {}),
  };
  for (const [key, value] of Object.entries(message.attributes)) {
    if (isHeader(key, value)) headers[key.toLowerCase()] = value;
  }
  return headers;
}

/** An attribute may hold what no header can, or name one that frames the request; such are left out. */
function isHeader(key: string, value: string): boolean {
  if (/^(content-length|transfer-encoding|connection|host|authorization)$/i.test(key)) return false;
  try {
    validateHeaderName(key);
    validateHeaderValue(key, value);
    return true;
  } catch {
    return false;
  }
}
