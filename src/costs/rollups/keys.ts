import { bucketEnd, DAY_MS, type Grain } from '../../core/time.ts';

/** How long a bucket is kept, counted from its end: hours 7 days, days 90, months 400. */
export const RETENTION_MS: Record<Grain, number> = {
  hour: 7 * DAY_MS,
  day: 90 * DAY_MS,
  month: 400 * DAY_MS,
};

const GRAIN_LETTER: Record<Grain, string> = { hour: 'h', day: 'd', month: 'm' };

/** The hash of one bucket: `cost:{acme}:h:2026-11-20T12`. All keys of a workspace share its hash tag. */
export function rollupKey(workspaceId: string, grain: Grain, bucket: string): string {
  return `cost:{${workspaceId}}:${GRAIN_LETTER[grain]}:${bucket}`;
}

/** The hash of one period of a meter, named by the instant it begins at: `cost:{acme}:w:Zm9v:1763596800`. */
export function meterKey(workspaceId: string, meterId: string, startMs: number): string {
  return `cost:{${workspaceId}}:w:${meterId}:${startMs / 1_000}`;
}

/** The field of a meter's sum, in nano-USD. */
export const METER_FIELD = 'total';

/** How long a meter's period is kept, counted from its end. */
export const METER_RETENTION_MS = 7 * DAY_MS;

/** The hash that says whether a workspace's projection is whole, and how its id sets are laid out. */
export function metaKey(workspaceId: string): string {
  return `cost:{${workspaceId}}:meta`;
}

/** Held by whoever is rebuilding a workspace's projection. */
export function rebuildLockKey(workspaceId: string): string {
  return `cost:{${workspaceId}}:rebuild`;
}

/** What the keys of a workspace's sets of seen ids begin with: `seen:{acme}:`. */
export function seenPrefix(workspaceId: string): string {
  return `seen:{${workspaceId}}:`;
}

/** The instant (epoch ms) at which a bucket is forgotten. */
export function bucketExpiry(grain: Grain, bucket: string): number {
  return bucketEnd(grain, bucket) + RETENTION_MS[grain];
}

/** What is summed per dimension value. `cost` is in nano-USD, the others are counts. */
export const MEASURES = [
  'cost',
  'events',
  'unpriced',
  'inputTokens',
  'outputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'reasoningTokens',
] as const;
export type Measure = (typeof MEASURES)[number];

/** What sums are broken down by; `total` has the single value ''. */
export const DIMENSIONS = [
  'total',
  'resource',
  'provider',
  'model',
  'project',
  'agent',
  'user',
  'team',
] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** A dimension and its value inside a bucket: `provider|openai`; '' is the value of what is not attributed. */
export function cellName(dimension: Dimension, value: string): string {
  return dimension === 'total' ? 'total' : `${dimension}|${value}`;
}

/**
 * The hash field of one measure of one cell: `provider|openai` for cost, `events:provider|openai` for the others.
 * Injective: no dimension contains `:` or `|`, so the first `|` ends the dimension whatever the value holds.
 */
export function fieldName(measure: Measure, cell: string): string {
  return measure === 'cost' ? cell : `${measure}:${cell}`;
}

/** What a hash field stands for, or undefined when it is none of ours. */
export function parseField(
  field: string,
): { measure: Measure; dimension: Dimension; value: string } | undefined {
  const bar = field.indexOf('|');
  const head = bar < 0 ? field : field.slice(0, bar);
  const value = bar < 0 ? '' : field.slice(bar + 1);
  const colon = head.indexOf(':');
  const measure = colon < 0 ? 'cost' : head.slice(0, colon);
  const dimension = head.slice(colon + 1);
  if (!isOneOf(MEASURES, measure) || !isOneOf(DIMENSIONS, dimension)) return undefined;
  if ((dimension === 'total') !== bar < 0) return undefined;
  return { measure, dimension, value };
}

function isOneOf<T extends string>(all: readonly T[], text: string): text is T {
  return (all as readonly string[]).includes(text);
}
