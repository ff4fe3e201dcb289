import type { PubsubMessage, ReceivedMessage } from './wire.ts';
import { toDuration } from './wire.ts';

/** A message as published: shared, unchanged, by every subscription that has it. */
export type StoredMessage = {
  messageId: string;
  /** Epoch ms. */
  publishTimeMs: number;
  data: Buffer;
  attributes: Record<string, string>;
  orderingKey: string;
  /** What it weighs against flow control and the backlog limit. */
  bytes: number;
};

/** Makes the stored form; the data is copied, so that one kept message does not pin a whole request's buffer. */
export function storeMessage(
  message: PubsubMessage,
  messageId: string,
  publishTimeMs: number,
): StoredMessage {
  let bytes = message.data.length + message.orderingKey.length + 64;
  for (const [key, value] of Object.entries(message.attributes)) bytes += key.length + value.length;
  return {
    messageId,
    publishTimeMs,
    data: Buffer.from(message.data),
    attributes: message.attributes,
    orderingKey: message.orderingKey,
    bytes,
  };
}

/** The message as a pull answers it; `deliveryAttempt` only where the subscription has a dead letter policy. */
export function formatReceived(
  message: StoredMessage,
  ackId: string,
  deliveryAttempt: number | undefined,
): ReceivedMessage {
  return {
    ackId,
    message: {
      data: message.data,
      attributes: message.attributes,
      messageId: message.messageId,
      publishTime: toDuration(message.publishTimeMs),
      orderingKey: message.orderingKey,
    },
    ...(deliveryAttempt === undefined ? {} : { deliveryAttempt }),
  };
}
