import type { Redis } from '../../cloud/redis.ts';
import { getOrInsert } from '../../core/maps.ts';
import type { NanoUsd } from '../../core/money.ts';
import type { Grain } from '../../core/time.ts';
import {
  cellName,
  type Dimension,
  fieldName,
  MEASURES,
  type Measure,
  metaKey,
  parseField,
  rollupKey,
} from './keys.ts';

/** Sums of one cell. */
export type Sums = { cost: NanoUsd } & Record<Exclude<Measure, 'cost'>, number>;

/** One bucket: sums by dimension and value. */
export type BucketSums = Map<Dimension, Map<string, Sums>>;

/** Which bucket, and how much of it: `totals` reads a handful of fields, `all` the whole hash. */
export type BucketRequest = { grain: Grain; bucket: string; cells: 'all' | 'totals' };

/** `absent`: the projection is not whole, only the ledger can answer. */
export type RollupAnswer =
  | { kind: 'absent' }
  | { kind: 'found'; buckets: BucketSums[]; state: ProjectionState };

/** `version` changes whenever anything in the workspace's projection does. */
export type ProjectionState = { version: string; newestEvent?: number };

/** No sums at all; a new value each time. */
export function noSums(): Sums {
  return {
    cost: 0n,
    events: 0,
    unpriced: 0,
    inputTokens: 0,
    outputTokens: 0,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
  };
}

/** Adds `more` to `sums` in place. */
export function addSums(sums: Sums, more: Sums): void {
  for (const measure of MEASURES) {
    if (measure === 'cost') sums.cost += more.cost;
    else sums[measure] += more[measure];
  }
}

/**
 * Reads buckets of one workspace in one round trip, in the order asked for; a bucket without costs is empty.
 * Buckets must not have expired. Throws when Redis does not answer.
 */
export async function readRollups(
  redis: Redis,
  workspaceId: string,
  requests: readonly BucketRequest[],
): Promise<RollupAnswer> {
  // One transaction: a count or a flush between two of these reads would tear the answer.
  const pipeline = redis.multi();
  pipeline.hmget(metaKey(workspaceId), ...STATE_FIELDS);
  for (const { grain, bucket, cells } of requests) {
    const key = rollupKey(workspaceId, grain, bucket);
    if (cells === 'all') pipeline.hgetall(key);
    else pipeline.hmget(key, ...TOTAL_FIELDS);
  }
  const replies = (await pipeline.exec()) ?? [];
  const values = replies.map(([error, value]) => {
    if (error) throw error;
    return value;
  });
  // Read before the buckets: what is remembered under this version is at least as new.
  const state = toState(values[0] as (string | null)[]);
  if (state === undefined) return { kind: 'absent' };
  return {
    kind: 'found',
    buckets: values.slice(1).map((fields) => {
      if (!Array.isArray(fields)) return toBucketSums(Object.entries(fields as object));
      return toBucketSums(TOTAL_FIELDS.map((name, i) => [name, fields[i] as string | null]));
    }),
    state,
  };
}

/** The state of a workspace's projection, or undefined when it is not whole. Throws when Redis does not answer. */
export async function readState(
  redis: Redis,
  workspaceId: string,
): Promise<ProjectionState | undefined> {
  return toState(await redis.hmget(metaKey(workspaceId), ...STATE_FIELDS));
}

const STATE_FIELDS = ['state', 'version', 'newestEvent'];

function toState([state, version, newestEvent]: (string | null)[]): ProjectionState | undefined {
  if (state !== 'ready') return undefined;
  return {
    version: version ?? '0',
    newestEvent: newestEvent ? Number(newestEvent) : undefined,
  };
}

const TOTAL_FIELDS = MEASURES.map((measure) => fieldName(measure, cellName('total', '')));

function toBucketSums(fields: Iterable<[string, string | null]>): BucketSums {
  const bucket: BucketSums = new Map();
  for (const [field, text] of fields) {
    const parsed = parseField(field);
    if (parsed === undefined || text === null) continue;
    const { measure, dimension, value } = parsed;
    const values = getOrInsert(bucket, dimension, () => new Map<string, Sums>());
    const sums = getOrInsert(values, value, noSums);
    if (measure === 'cost') sums.cost = BigInt(text);
    else sums[measure] = Number(text);
  }
  return bucket;
}
