/** The protobuf messages as proto-loader hands them over (`longs: Number, enums: String, defaults: true`). */

export type Duration = { seconds: number; nanos: number };
export type FieldMask = { paths: string[] };

export type Topic = {
  name: string;
  labels: Record<string, string>;
  messageRetentionDuration: Duration | null;
};

export type PubsubMessage = {
  data: Buffer;
  attributes: Record<string, string>;
  orderingKey: string;
};

export type PublishRequest = { topic: string; messages: PubsubMessage[] };

export type PushConfig = {
  pushEndpoint: string;
  attributes: Record<string, string>;
  oidcToken: { serviceAccountEmail: string; audience: string } | null;
  noWrapper: { writeMetadata: boolean } | null;
};

export type DeadLetterPolicy = { deadLetterTopic: string; maxDeliveryAttempts: number };
export type RetryPolicy = { minimumBackoff: Duration | null; maximumBackoff: Duration | null };

export type Subscription = {
  name: string;
  topic: string;
  pushConfig: PushConfig | null;
  ackDeadlineSeconds: number;
  messageRetentionDuration: Duration | null;
  labels: Record<string, string>;
  enableMessageOrdering: boolean;
  expirationPolicy: { ttl: Duration | null } | null;
  deadLetterPolicy: DeadLetterPolicy | null;
  retryPolicy: RetryPolicy | null;
};

export type ListRequest = { pageSize: number; pageToken: string };

export type StreamingPullRequest = {
  subscription: string;
  ackIds: string[];
  modifyDeadlineSeconds: number[];
  modifyDeadlineAckIds: string[];
  streamAckDeadlineSeconds: number;
  maxOutstandingMessages: number;
  maxOutstandingBytes: number;
  protocolVersion: number;
};

export type ReceivedMessage = {
  ackId: string;
  message: {
    data: Buffer;
    attributes: Record<string, string>;
    messageId: string;
    publishTime: Duration;
    orderingKey: string;
  };
  deliveryAttempt?: number;
};

/** Milliseconds of a protobuf Duration; `undefined` when the field is absent. */
export function durationMs(duration: Duration | null | undefined): number | undefined {
  return duration ? duration.seconds * 1000 + duration.nanos / 1_000_000 : undefined;
}

/** A protobuf Duration, or Timestamp since the epoch, of whole or broken milliseconds ≥ 0. */
export function toDuration(ms: number): Duration {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.round((ms - seconds * 1000) * 1_000_000) };
}

/** Names of the fields that carry something other than the protobuf default. */
export function fieldsSet(message: object): string[] {
  return Object.entries(message)
    .filter(([, value]) => isSet(value))
    .map(([name]) => name);
}

function isSet(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) {
    // A present sub-message counts even when empty; an empty map does not.
    return Object.keys(value).length > 0;
  }
  return Boolean(value) && value !== 'STATE_UNSPECIFIED';
}
