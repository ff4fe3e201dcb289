import { status } from '@grpc/grpc-js';
import { parseResourceName } from './names.ts';
import { parsePushConfig } from './push-config.ts';
import { invalidArgument, invalidField, PubSubStatus, unsupported } from './status.ts';
import {
  type DeadLetterPolicy,
  type Duration,
  durationMs,
  type FieldMask,
  fieldsSet,
  type PushConfig,
  type Subscription,
  toDuration,
} from './wire.ts';

const DAY_SECONDS = 86_400;

/** A subscription's settings, checked and with the service's defaults filled in. */
export type SubscriptionConfig = {
  name: string;
  /** Full topic name, or `_deleted-topic_`. */
  topic: string;
  /** `undefined`: a pull subscription. */
  push: PushConfig | undefined;
  ackDeadlineSeconds: number;
  retention: Duration;
  labels: Record<string, string>;
  ordered: boolean;
  expirationTtl: Duration | null;
  deadLetter: DeadLetterPolicy | undefined;
  /** `undefined`: redeliver at once. */
  retry: { minimumBackoffMs: number; maximumBackoffMs: number } | undefined;
};

const SUPPORTED_FIELDS = new Set([
  'name',
  'topic',
  'pushConfig',
  'ackDeadlineSeconds',
  'messageRetentionDuration',
  'labels',
  'enableMessageOrdering',
  'expirationPolicy',
  'deadLetterPolicy',
  'retryPolicy',
  'state',
]);

const IMMUTABLE_PATHS = new Set(['name', 'topic', 'enable_message_ordering', 'filter']);

/**
 * Checks a CreateSubscription request. Out of range → INVALID_ARGUMENT (dead letter attempts: OUT_OF_RANGE);
 * a field this endpoint does not have (filter, exactly-once, BigQuery, …) → UNIMPLEMENTED naming it.
 * Whether the topics exist is the caller's to check.
 */
export function parseSubscription(request: Subscription, projectId: string): SubscriptionConfig {
  for (const field of fieldsSet(request)) {
    if (!SUPPORTED_FIELDS.has(field)) throw unsupported(`Subscription.${field}`);
  }
  return {
    name: parseResourceName(request.name, 'subscriptions', projectId),
    topic: parseResourceName(request.topic, 'topics', projectId, 'topic'),
    push: parsePushConfig(request.pushConfig),
    ackDeadlineSeconds: parseAckDeadline(request.ackDeadlineSeconds),
    retention: parseRetention(request.messageRetentionDuration) ?? {
      seconds: 7 * DAY_SECONDS,
      nanos: 0,
    },
    labels: request.labels,
    ordered: request.enableMessageOrdering,
    expirationTtl: parseExpiration(request.expirationPolicy),
    deadLetter: parseDeadLetter(request.deadLetterPolicy, projectId),
    retry: parseRetry(request.retryPolicy),
  };
}

/** Applies an UpdateSubscription request; returns the new settings, never touches `current`. Errors as {@link parseSubscription}. */
export function updateSubscription(
  current: SubscriptionConfig,
  request: Subscription,
  mask: FieldMask | null,
  projectId: string,
): SubscriptionConfig {
  const next = { ...current };
  for (const path of requirePaths(mask, 'UpdateSubscriptionRequest')) {
    if (path === 'push_config') next.push = parsePushConfig(request.pushConfig);
    else if (path === 'ack_deadline_seconds') {
      next.ackDeadlineSeconds = parseAckDeadline(request.ackDeadlineSeconds);
    } else if (path === 'message_retention_duration') {
      next.retention = parseRetention(request.messageRetentionDuration) ?? current.retention;
    } else if (path === 'labels') next.labels = request.labels;
    else if (path === 'expiration_policy') {
      next.expirationTtl = parseExpiration(request.expirationPolicy);
    } else if (path === 'dead_letter_policy') {
      next.deadLetter = parseDeadLetter(request.deadLetterPolicy, projectId);
    } else if (path === 'retry_policy') next.retry = parseRetry(request.retryPolicy);
    else throw refusedPath(path, request);
  }
  return next;
}

/** The `Subscription` message as the service reports it. */
export function formatSubscription(config: SubscriptionConfig): Record<string, unknown> {
  return {
    name: config.name,
    topic: config.topic,
    pushConfig: config.push ?? {},
    ackDeadlineSeconds: config.ackDeadlineSeconds,
    messageRetentionDuration: config.retention,
    labels: config.labels,
    enableMessageOrdering: config.ordered,
    expirationPolicy: { ttl: config.expirationTtl },
    deadLetterPolicy: config.deadLetter ?? null,
    retryPolicy: config.retry
      ? {
          minimumBackoff: toDuration(config.retry.minimumBackoffMs),
          maximumBackoff: toDuration(config.retry.maximumBackoffMs),
        }
      : null,
    state: 'ACTIVE',
  };
}

/** The paths of an update mask; INVALID_ARGUMENT when there are none. */
export function requirePaths(mask: FieldMask | null, request: string): string[] {
  if (mask?.paths.length) return mask.paths;
  throw invalidArgument(
    `The update_mask in the ${request} must be set, and must contain a non-empty paths list.`,
  );
}

/** A retention of 10 minutes to 31 days; `undefined` when absent. */
export function parseRetention(retention: Duration | null): Duration | undefined {
  if (!retention) return undefined;
  const seconds = retention.seconds + retention.nanos / 1e9;
  if (seconds < 600 || seconds > 31 * DAY_SECONDS) {
    throw invalidArgument(
      `The value for message retention duration is out of bounds. You passed ${seconds}s in the request, but the value must be between 10m and 744h.`,
    );
  }
  return retention;
}

function parseAckDeadline(seconds: number): number {
  if (seconds === 0) return 10;
  if (seconds >= 10 && seconds <= 600) return seconds;
  throw invalidArgument(
    `Invalid ack deadline given (ack_deadline=${seconds}). The ack deadline must be between 10 and 600 seconds.`,
  );
}

function parseExpiration(policy: Subscription['expirationPolicy']): Duration | null {
  if (!policy) return { seconds: 31 * DAY_SECONDS, nanos: 0 };
  if (policy.ttl && policy.ttl.seconds < DAY_SECONDS) throw invalidField('expiration_policy.ttl');
  return policy.ttl;
}

function parseDeadLetter(
  policy: DeadLetterPolicy | null,
  projectId: string,
): DeadLetterPolicy | undefined {
  if (!policy) return undefined;
  const maxDeliveryAttempts = policy.maxDeliveryAttempts || 5;
  if (maxDeliveryAttempts < 5 || maxDeliveryAttempts > 100) {
    const [size, bound] = maxDeliveryAttempts < 5 ? ['small', 'minimum'] : ['large', 'maximum'];
    const limit = maxDeliveryAttempts < 5 ? 5 : 100;
    throw new PubSubStatus(
      status.OUT_OF_RANGE,
      `The value for max_delivery_attempts is too ${size}. You passed ${maxDeliveryAttempts} in the request, but the ${bound} value is ${limit}.`,
    );
  }
  return {
    deadLetterTopic: parseResourceName(
      policy.deadLetterTopic,
      'topics',
      projectId,
      'dead_letter_topic',
    ),
    maxDeliveryAttempts,
  };
}

function parseRetry(policy: Subscription['retryPolicy']): SubscriptionConfig['retry'] {
  if (!policy) return undefined;
  const minimumBackoffMs = parseBackoff('minimum_backoff', policy.minimumBackoff) ?? 10_000;
  const maximumBackoffMs = parseBackoff('maximum_backoff', policy.maximumBackoff) ?? 600_000;
  if (maximumBackoffMs < minimumBackoffMs) {
    throw invalidArgument(
      `The value for maximum_backoff is too small. You passed ${maximumBackoffMs / 1000}s in the request, but the minimum value is ${minimumBackoffMs / 1000}s.`,
    );
  }
  return { minimumBackoffMs, maximumBackoffMs };
}

function parseBackoff(field: string, backoff: Duration | null): number | undefined {
  const ms = durationMs(backoff);
  if (ms !== undefined && (ms < 0 || ms > 600_000)) {
    throw invalidArgument(
      `The value for ${field} is out of bounds. You passed ${ms / 1000}s in the request, but the value must be between 0s and 600s.`,
    );
  }
  return ms;
}

function refusedPath(path: string, request: Subscription): PubSubStatus {
  const prefix = 'Invalid update_mask provided in the UpdateSubscriptionRequest:';
  if (IMMUTABLE_PATHS.has(path)) {
    return invalidArgument(`${prefix} the '${path}' field in the Subscription is not mutable.`);
  }
  const field = path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  if (field in request && field !== path) return unsupported(`Updating Subscription.${field}`);
  return invalidArgument(
    `${prefix} '${path}' is not a known Subscription field. Note that field paths must be of the form 'push_config' rather than 'pushConfig'.`,
  );
}
