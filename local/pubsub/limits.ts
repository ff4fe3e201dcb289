import { invalidArgument } from './status.ts';
import type { PubsubMessage } from './wire.ts';

/** Most messages in one publish request (cloud.google.com/pubsub/quotas). */
const MAX_MESSAGES_PER_PUBLISH = 1_000;
/** Most bytes in one publish request, serialized. */
const MAX_PUBLISH_BYTES = 10_000_000;
/** Past this the front end refuses the payload before looking into it. */
export const MAX_PAYLOAD_BYTES = 10_485_760;
const MAX_ATTRIBUTES = 100;
const MAX_ATTRIBUTE_KEY_BYTES = 256;
const MAX_ATTRIBUTE_VALUE_BYTES = 1_024;
const MAX_ORDERING_KEY_BYTES = 1_024;
const QUOTAS = 'Refer to https://cloud.google.com/pubsub/quotas for more information.';

/**
 * Holds one publish request against the service's limits; throws INVALID_ARGUMENT naming the first one broken.
 * `requestBytes` is the serialized size. The texts of `message_count` and `request_size` have value and field
 * swapped because the service has (googleapis/google-cloud-java#4757, google-cloud-python#5898).
 */
export function checkPublish(messages: PubsubMessage[], requestBytes: number): void {
  if (requestBytes > MAX_PAYLOAD_BYTES) {
    throw invalidArgument(`Request payload size exceeds the limit: ${MAX_PAYLOAD_BYTES} bytes.`);
  }
  if (messages.length === 0) throw tooSmall('message_count', 0, 1);
  if (messages.length > MAX_MESSAGES_PER_PUBLISH) {
    throw tooLarge('message_count', messages.length, MAX_MESSAGES_PER_PUBLISH);
  }
  if (requestBytes > MAX_PUBLISH_BYTES) {
    throw tooLarge('request_size', requestBytes, MAX_PUBLISH_BYTES);
  }
  const orderingKey = messages[0]!.orderingKey;
  for (const message of messages) {
    checkMessage(message);
    if (message.orderingKey !== orderingKey) {
      throw invalidArgument(
        'In a single publish request, all messages must have no ordering key or they must all have the same ordering key.',
      );
    }
  }
}

function checkMessage({ data, attributes, orderingKey }: PubsubMessage): void {
  const keys = Object.keys(attributes);
  if (data.length === 0 && keys.length === 0) {
    throw invalidArgument(
      'One or more messages in the publish request is empty. ' +
        'Each message must contain either non-empty data, or at least one attribute.',
    );
  }
  if (keys.length > MAX_ATTRIBUTES) {
    throw invalidArgument(
      `One of the messages in the request has too many attributes. The count is ${keys.length}, but the maximum allowed is ${MAX_ATTRIBUTES}. ${QUOTAS}`,
    );
  }
  for (const key of keys) checkAttribute(key, attributes[key]!);
  const orderingKeyBytes = Buffer.byteLength(orderingKey);
  if (orderingKeyBytes > MAX_ORDERING_KEY_BYTES) {
    throw invalidArgument(
      `The ordering key in the request is too long. The length is ${orderingKeyBytes} characters, but the maximum allowed is ${MAX_ORDERING_KEY_BYTES}. ${QUOTAS}`,
    );
  }
}

function checkAttribute(key: string, value: string): void {
  if (key === '') {
    throw invalidArgument('One of the attributes in the request has an empty key.');
  }
  if (key.startsWith('goog') && !key.startsWith('googclient_')) {
    throw invalidArgument(
      `The attribute "${key}" in the request has a key that begins with the reserved prefix "goog".`,
    );
  }
  const keyBytes = Buffer.byteLength(key);
  if (keyBytes > MAX_ATTRIBUTE_KEY_BYTES) {
    // The service leaves the name out here (googleapis/java-pubsub#2312).
    throw attributeTooLong('', 'key', keyBytes, MAX_ATTRIBUTE_KEY_BYTES);
  }
  const valueBytes = Buffer.byteLength(value);
  if (valueBytes > MAX_ATTRIBUTE_VALUE_BYTES) {
    throw attributeTooLong(key, 'value', valueBytes, MAX_ATTRIBUTE_VALUE_BYTES);
  }
}

function attributeTooLong(name: string, part: 'key' | 'value', bytes: number, limit: number) {
  return invalidArgument(
    `The attribute "${name}" in the request has a ${part} that is too long. The length is ${bytes} characters, but the maximum allowed is ${limit}. ${QUOTAS}`,
  );
}

function tooLarge(field: string, value: number, limit: number) {
  return invalidArgument(
    `The value for ${value} is too large. You passed ${field} in the request, but the maximum value is ${limit}.`,
  );
}

function tooSmall(field: string, value: number, limit: number) {
  return invalidArgument(
    `The value for ${value} is too small. You passed ${field} in the request, but the minimum value is ${limit}.`,
  );
}
