import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { FieldError } from '../core/errors.ts';
import { EVENT_ID_PATTERN, NAME_PATTERN } from '../core/ids.ts';
import { type NanoUsd, parseUsd } from '../core/money.ts';
import { DECIMAL_PATTERN, SPAN_ID_PATTERN, TRACE_ID_PATTERN } from '../core/patterns.ts';
import { schemaReason } from '../core/schema-words.ts';
import { DAY_MS, MINUTE_MS, parseInstant } from '../core/time.ts';

/** How far ahead of now an event may lie (clocks differ) and how far back (the longest-lived rollup). */
export const MAX_AHEAD_MS = 10 * MINUTE_MS;
export const MAX_AGE_DAYS = 400;

/** Bounds of one Pub/Sub message and of one API request. */
export const MAX_EVENTS_PER_MESSAGE = 1_000;
export const MAX_MESSAGE_BYTES = 1_048_576;

export const RESOURCE_TYPES = ['compute', 'storage', 'network', 'llm_api', 'database'] as const;

/** 1 to 63 characters, and none of the names that mean something to JavaScript objects. */
const LABEL_KEY_PATTERN = '^(?!(?:__proto__|constructor|prototype)$).{1,63}$';

/** Counts per event; a batch of a thousand events still sums exactly in a double. */
const MAX_COUNT = 1e12;

/** The largest amount a 64-bit counter of nano-USD holds. */
const MAX_COST_USD = '9223372036.854775807';

const name = (description: string) =>
  Type.String({ pattern: NAME_PATTERN, maxLength: 128, description });
const text = (description: string) => Type.String({ minLength: 1, maxLength: 256, description });
const count = (description: string) =>
  Type.Integer({ minimum: 0, maximum: MAX_COUNT, description });
const decimal = (description: string) =>
  Type.String({ pattern: DECIMAL_PATTERN, maxLength: 30, description });

export const UsageSchema = Type.Object(
  {
    inputTokens: Type.Optional(count('Tokens sent, cached ones included.')),
    outputTokens: Type.Optional(count('Tokens received, reasoning included.')),
    cacheReadTokens: Type.Optional(count('Part of inputTokens that was read from a cache.')),
    cacheWriteTokens: Type.Optional(count('Part of inputTokens that was written to a cache.')),
    reasoningTokens: Type.Optional(count('Part of outputTokens spent on reasoning.')),
    requests: Type.Optional(count('Calls this event stands for.')),
    seconds: Type.Optional(decimal('Seconds used, a decimal.')),
    bytes: Type.Optional(decimal('Bytes stored or moved, a decimal.')),
  },
  { additionalProperties: false, description: 'What was consumed.' },
);

const OutcomeSchema = Type.Object(
  {
    status: Type.Enum(['ok', 'error']),
    errorType: Type.Optional(text('Class of the error, e.g. `rate_limited`.')),
    latencyMs: Type.Optional(
      Type.Number({ minimum: 0, maximum: 1e12, description: 'Milliseconds.' }),
    ),
    cacheHit: Type.Optional(Type.Boolean({ description: 'Whether an answer cache served it.' })),
  },
  { additionalProperties: false, description: 'How the call ended.' },
);

/** Cost event v1. The API publishes this very schema, and every entrance parses with it. */
export const CostEventSchema = Type.Object(
  {
    id: Type.String({
      pattern: EVENT_ID_PATTERN,
      maxLength: 64,
      description: "The producer's id, unique per workspace; UUIDv7 or ULID advised.",
    }),
    workspaceId: name('The tenant this cost belongs to.'),
    projectId: Type.Optional(name('Project within the workspace.')),
    cardId: Type.Optional(name('Card (task) the work was done for.')),
    agentId: Type.Optional(name('Agent that caused the cost.')),
    userId: Type.Optional(name('User on whose behalf.')),
    teamId: Type.Optional(name('Team of agents or users.')),
    timestamp: Type.String({
      maxLength: 40,
      description: `RFC 3339 with zone: when the cost arose; at most 10 minutes ahead, at most ${MAX_AGE_DAYS} days back.`,
    }),
    resourceType: Type.Enum([...RESOURCE_TYPES]),
    resourceId: text('What was used, e.g. `chat.completions`.'),
    provider: text('Who provides it, e.g. `openai`.'),
    model: Type.Optional(text('Model, as the provider names it.')),
    operation: Type.Optional(text('Operation, e.g. `chat`.')),
    usage: Type.Optional(UsageSchema),
    costUsd: Type.Optional(
      decimal('USD, at most nine decimals. Given: taken as reported. Absent: priced from usage.'),
    ),
    currency: Type.Literal('USD'),
    outcome: Type.Optional(OutcomeSchema),
    traceId: Type.Optional(
      Type.String({ pattern: TRACE_ID_PATTERN, description: 'W3C trace id.' }),
    ),
    spanId: Type.Optional(Type.String({ pattern: SPAN_ID_PATTERN, description: 'W3C span id.' })),
    requestId: Type.Optional(text("The producer's request id.")),
    labels: Type.Optional(
      Type.Record(Type.String({ pattern: LABEL_KEY_PATTERN }), Type.String({ maxLength: 256 }), {
        maxProperties: 20,
        additionalProperties: false,
        description: 'Free attribution dimensions: at most 20 pairs, keys of 1 to 63 characters.',
      }),
    ),
  },
  { additionalProperties: false, description: 'Cost event v1' },
);

export type CostEvent = Static<typeof CostEventSchema>;
export type Usage = Static<typeof UsageSchema>;

/** `timeMs` is the event's `timestamp` as epoch milliseconds. */
export type ParsedCostEvent =
  | { kind: 'valid'; event: CostEvent; timeMs: number }
  | { kind: 'invalid'; errors: FieldError[] };

const validator = Compile(CostEventSchema);
/** The largest amount of one event, so that it fits a counter. */
export const MAX_COST_NANO_USD: NanoUsd = parseUsd(MAX_COST_USD);

/**
 * Checks one cost event as it came from outside. Either the event itself, unchanged, or the reasons why it is
 * not one, each with the field's path (`usage.inputTokens`): its faults against the schema, of which the first
 * eight are found, with a timestamp that is none, or else all that is wrong in its meaning. Never throws. `now` is epoch milliseconds.
 */
export function parseCostEvent(value: unknown, options: { now: number }): ParsedCostEvent {
  if (!validator.Check(value)) {
    return { kind: 'invalid', errors: [...schemaErrors(value), ...timestampTextErrors(value)] };
  }
  const timeMs = parseInstant(value.timestamp);
  const errors = meaningErrors(value, timeMs, options.now);
  if (errors.length > 0 || timeMs === undefined) return { kind: 'invalid', errors };
  return { kind: 'valid', event: value, timeMs };
}

/** Parses a batch: all its events, or every error of every event with the event's index. */
export function parseCostEvents(
  values: readonly unknown[],
  options: { now: number },
): { kind: 'valid'; events: CostEvent[] } | { kind: 'invalid'; errors: FieldError[] } {
  const events: CostEvent[] = [];
  const errors: FieldError[] = [];
  values.forEach((value, index) => {
    const parsed = parseCostEvent(value, options);
    if (parsed.kind === 'valid') events.push(parsed.event);
    else for (const error of parsed.errors) errors.push({ index, ...error });
  });
  return errors.length > 0 ? { kind: 'invalid', errors } : { kind: 'valid', events };
}

const NO_INSTANT = { field: 'timestamp', reason: 'must be an RFC 3339 instant with a zone' };

/** The commonest fault that a schema cannot see, told together with those that it can. */
function timestampTextErrors(value: unknown): FieldError[] {
  const { timestamp } = (value ?? {}) as { timestamp?: unknown };
  if (typeof timestamp !== 'string' || parseInstant(timestamp) !== undefined) return [];
  return [{ ...NO_INSTANT }];
}

/** Why nothing may be counted or taken back at that time, both epoch milliseconds; undefined when it may. */
export function untimelyReason(timeMs: number, now: number): string | undefined {
  if (timeMs > now + MAX_AHEAD_MS) return 'lies more than 10 minutes in the future';
  if (timeMs < now - MAX_AGE_DAYS * DAY_MS) {
    return `lies more than ${MAX_AGE_DAYS} days in the past`;
  }
  return undefined;
}

/** Rules that span fields or need a clock, which JSON Schema cannot say. */
function meaningErrors(event: CostEvent, timeMs: number | undefined, now: number): FieldError[] {
  const errors: FieldError[] = [];
  const untimely = timeMs === undefined ? NO_INSTANT.reason : untimelyReason(timeMs, now);
  if (untimely !== undefined) errors.push({ field: 'timestamp', reason: untimely });
  for (const field of brokenTexts(event)) {
    errors.push({ field, reason: 'holds half of a character (a lone surrogate)' });
  }
  const { usage, costUsd } = event;
  if (costUsd === undefined && usage === undefined) {
    errors.push({ field: 'costUsd', reason: 'is required when there is no usage to price' });
  }
  if (costUsd !== undefined && parseUsd(costUsd) > MAX_COST_NANO_USD) {
    errors.push({ field: 'costUsd', reason: `must be at most ${MAX_COST_USD}` });
  }
  if (usage !== undefined) {
    const cached = (usage.cacheReadTokens ?? 0) + (usage.cacheWriteTokens ?? 0);
    if (cached > (usage.inputTokens ?? 0)) {
      errors.push({
        field: 'usage.inputTokens',
        reason: 'must include cacheReadTokens and cacheWriteTokens, so be at least their sum',
      });
    }
    if ((usage.reasoningTokens ?? 0) > (usage.outputTokens ?? 0)) {
      errors.push({
        field: 'usage.outputTokens',
        reason: 'must include reasoningTokens, so be at least as many',
      });
    }
  }
  return errors;
}

/** The paths of texts that no store can keep as they are, and that would therefore meet others there. */
function brokenTexts(record: Record<string, unknown>): string[] {
  const paths: string[] = [];
  for (const name in record) {
    const value = record[name];
    if (typeof value === 'string') {
      if (!value.isWellFormed() || !name.isWellFormed()) paths.push(name);
    } else if (typeof value === 'object' && value !== null) {
      for (const inner of brokenTexts(value as Record<string, unknown>)) {
        paths.push(`${name}.${inner}`);
      }
    }
  }
  return paths;
}

function schemaErrors(value: unknown): FieldError[] {
  const errors: FieldError[] = [];
  for (const error of validator.Errors(value)) {
    const path = fieldPathOf(error.instancePath);
    const under = (field: string) => (path === '' ? field : `${path}.${field}`);
    if (error.keyword === 'required') {
      for (const field of error.params.requiredProperties) {
        errors.push({ field: under(field), reason: 'is required' });
      }
    } else if (error.keyword === 'boolean') {
      const reason = path.startsWith('labels.')
        ? 'is not a label name (1 to 63 characters)'
        : 'is not a known field';
      errors.push({ field: path === '' ? '""' : path, reason });
    } else if (error.keyword === 'enum') {
      const allowed = error.params.allowedValues.map((allowed) => JSON.stringify(allowed));
      errors.push({ field: path, reason: `must be one of ${allowed.join(', ')}` });
    } else if (error.keyword === 'const') {
      errors.push({ field: path, reason: `must be ${JSON.stringify(error.params.allowedValue)}` });
    } else if (error.keyword !== 'additionalProperties') {
      // Each unknown field has come up as `boolean`, even where there are too many for their summary to come up.
      errors.push({ field: path === '' ? 'event' : path, reason: schemaReason(error) });
    }
  }
  return errors;
}

/** A JSON pointer as the path people write: `/usage/inputTokens` is `usage.inputTokens`. */
function fieldPathOf(pointer: string): string {
  return pointer.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~');
}
