import { type Static, type TObject, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { FieldError } from '../../core/errors.ts';
import { EVENT_ID_PATTERN, NAME_PATTERN } from '../../core/ids.ts';
import { DECIMAL_PATTERN } from '../../core/patterns.ts';
import { schemaFieldErrors } from '../../core/schema-words.ts';
import { DAY_MS, MINUTE_MS, parseInstant } from '../../core/time.ts';

export const REVENUE_KINDS = ['subscription', 'usage', 'one_time', 'refund'] as const;
export const COST_CATEGORIES = ['infrastructure', 'llm', 'other'] as const;

/** As for cost events: clocks differ, and nothing is older than what BigQuery is read for. */
const MAX_AHEAD_MS = 10 * MINUTE_MS;
const MAX_AGE_MS = 400 * DAY_MS;
const DIMENSION_PATTERN = '^(?!(?:__proto__|constructor|prototype)$).{1,63}$';

const name = (description: string) =>
  Type.String({ pattern: NAME_PATTERN, maxLength: 128, description });
const amount = Type.String({
  pattern: DECIMAL_PATTERN,
  maxLength: 30,
  description: 'USD, a decimal text of at most nine decimals.',
});

const common = {
  eventId: Type.Optional(
    Type.String({
      pattern: EVENT_ID_PATTERN,
      maxLength: 64,
      description:
        'The producer’s id, unique per workspace: told again with the same `at`, which it needs, it counts once.',
    }),
  ),
  workspaceId: name('The tenant.'),
  at: Type.Optional(
    Type.String({
      maxLength: 40,
      description:
        'RFC 3339 with zone: when it happened. Default now; required with an `eventId`, since a repeat must say the same.',
    }),
  ),
  projectId: Type.Optional(name('Project within the workspace.')),
  agentId: Type.Optional(name('Agent it is about.')),
  plan: Type.Optional(name('Plan the workspace is on.')),
  dimensions: Type.Optional(
    Type.Record(Type.String({ pattern: DIMENSION_PATTERN }), Type.String({ maxLength: 256 }), {
      maxProperties: 20,
      additionalProperties: false,
      description: 'At most 20 pairs, keys of 1 to 63 characters.',
    }),
  ),
};
const closed = { additionalProperties: false };

export const UserEngagementSchema = Type.Object(
  {
    ...common,
    userId: name('Who did it.'),
    action: name('What was done, e.g. `card.created`.'),
    sessionSeconds: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 31_536_000,
        description: 'How long the session was that this ended.',
      }),
    ),
  },
  closed,
);
export const RevenueSchema = Type.Object(
  {
    ...common,
    userId: Type.Optional(name('Who paid.')),
    kind: Type.Enum([...REVENUE_KINDS]),
    amountUsd: amount,
  },
  closed,
);
export const CostSchema = Type.Object(
  {
    ...common,
    userId: Type.Optional(name('On whose behalf.')),
    category: Type.Enum([...COST_CATEGORIES]),
    amountUsd: amount,
    provider: Type.Optional(name('Who is paid.')),
    resourceType: Type.Optional(name('What was used, e.g. `compute`.')),
  },
  closed,
);

export type UserEngagement = Static<typeof UserEngagementSchema>;
export type Revenue = Static<typeof RevenueSchema>;
export type BusinessCost = Static<typeof CostSchema>;

/** `at` is filled in and `timeMs` is the same as epoch milliseconds. */
export type Parsed<Event> =
  | { kind: 'valid'; event: Event; timeMs: number }
  | { kind: 'invalid'; errors: FieldError[] };

/**
 * A parser of one kind of event: the event, or every field at fault with the reason. Never throws. `now` is epoch
 * milliseconds.
 */
export function createEventParser<Schema extends TObject>(
  schema: Schema,
): (input: unknown, now: number) => Parsed<Static<Schema>> {
  const validator = Compile(schema);
  return (input, now) => {
    if (!validator.Check(input)) {
      return { kind: 'invalid', errors: schemaFieldErrors(validator.Errors(input), 'event') };
    }
    const { at, eventId } = input as { at?: string; eventId?: string };
    if (at === undefined && eventId !== undefined) {
      // Readers know a repeat by its id within its day's partition: told later without a time it would be another event.
      const reason =
        'is required with an eventId: told again, an event counts once at the same time';
      return { kind: 'invalid', errors: [{ field: 'at', reason }] };
    }
    const timeMs = at === undefined ? now : parseInstant(at);
    const reason = timeReason(timeMs, now);
    if (reason !== undefined) return { kind: 'invalid', errors: [{ field: 'at', reason }] };
    return { kind: 'valid', event: input as Static<Schema>, timeMs: timeMs! };
  };
}

function timeReason(timeMs: number | undefined, now: number): string | undefined {
  if (timeMs === undefined) return 'must be an RFC 3339 instant with a zone';
  if (timeMs > now + MAX_AHEAD_MS) return 'must not be more than 10 minutes ahead';
  if (timeMs < now - MAX_AGE_MS) return 'must not be more than 400 days back';
  return undefined;
}
