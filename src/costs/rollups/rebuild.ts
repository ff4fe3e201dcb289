import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Warehouse } from '../../cloud/bigquery.ts';
import type { Redis } from '../../cloud/redis.ts';
import { AppError } from '../../core/errors.ts';
import { getOrInsert } from '../../core/maps.ts';
import { parseUsd } from '../../core/money.ts';
import { formatInstant, type Grain, HOUR_MS, parseInstant } from '../../core/time.ts';
import { seenMembers } from '../entry.ts';
import {
  bucketExpiry,
  cellName,
  type Dimension,
  fieldName,
  type Measure,
  metaKey,
  RETENTION_MS,
  rebuildLockKey,
  rollupKey,
  seenPrefix,
} from './keys.ts';

/** Makes a workspace's projection whole again from the ledger; see `createRebuild`. */
export type Rebuild = (workspaceId: string) => Promise<void>;

const WRITE_SCRIPT = readFileSync(new URL('./rebuild.lua', import.meta.url), 'utf8');
const PROJECTION_SQL = readFileSync(
  new URL('../../../bigquery/queries/rebuild_projection.sql', import.meta.url),
  'utf8',
);

const LOCK_MS = 10_000;
const LOCK_RETRY_MS = 100;
/** Less than a push may take: whoever waited in vain is delivered again. */
const LOCK_WAIT_MS = 20_000;
/** The estimate this is checked against does not know that the table is clustered by workspace. */
const MAXIMUM_BYTES_BILLED = String(10 * 2 ** 40);
const ENTRIES_PER_SET = 200;
const FIELDS_PER_CALL = 2_000;

type WriteCommand = {
  writeRebuild(lock: string, meta: string, ...args: string[]): Promise<string>;
};

type SumRow = {
  grain: Grain;
  bucket: string;
  dimension: Dimension;
  value: string;
  costUsd: string;
} & Record<Exclude<Measure, 'cost'>, string>;

type SeenRow = { grain: 'entry'; eventId: string; contentHash: string; ingestTime: string };

/**
 * Rebuilds one workspace's rollups and seen ids from the ledger, to the same bytes that counting every entry
 * would have left. Safe to call at any time and from many instances: one rebuilds, the others wait for it, and a
 * projection that is whole is left alone. Until it is whole nobody counts anything in it, and what was appended
 * to the ledger meanwhile is either part of the rebuild or counted after it, never both.
 */
export function createRebuild(options: {
  redis: Redis;
  warehouse: Warehouse;
  dedupeWindowHours: number;
  now: () => number;
}): Rebuild {
  const { redis, warehouse, now } = options;
  const epochMs = options.dedupeWindowHours * HOUR_MS;
  redis.defineCommand('writeRebuild', { numberOfKeys: 2, lua: WRITE_SCRIPT });
  const commands = redis as unknown as WriteCommand;

  return async function rebuild(workspaceId) {
    const lock = rebuildLockKey(workspaceId);
    const meta = metaKey(workspaceId);
    const token = randomUUID();

    // 1. One rebuilder at a time; whoever waits finds the work done.
    const deadline = Date.now() + LOCK_WAIT_MS;
    while ((await redis.set(lock, token, 'PX', LOCK_MS, 'NX')) !== 'OK') {
      if (Date.now() > deadline) throw stillRebuilding(workspaceId);
      await delay(LOCK_RETRY_MS);
      if (Number(await redis.hexists(meta, 'state')) === 1) return;
    }
    const write = async (...args: string[]): Promise<boolean> =>
      String(await commands.writeRebuild(lock, meta, token, String(LOCK_MS), ...args)) === '1';
    const keepLock = setInterval(() => {
      // The write script checks the lock; a failed renewal only makes the rebuild stop.
      redis.pexpire(lock, LOCK_MS).catch(() => {});
    }, LOCK_MS / 3);

    try {
      if (Number(await redis.hexists(meta, 'state')) === 1) return;
      // 2. Read the ledger, after the lock and at one moment: every row counted before Redis was lost is in it.
      const startedAt = now();
      const epoch = Math.floor(startedAt / epochMs);
      const rows = await warehouse.query<SumRow | SeenRow>({
        sql: PROJECTION_SQL,
        maximumBytesBilled: MAXIMUM_BYTES_BILLED,
        params: {
          workspaceId,
          hoursFrom: formatInstant(startedAt - oldestOf('hour')),
          daysFrom: formatInstant(startedAt - oldestOf('day')),
          monthsFrom: formatInstant(startedAt - oldestOf('month')),
          ingestedFrom: formatInstant((epoch - 1) * epochMs),
        },
        types: {
          workspaceId: 'STRING',
          hoursFrom: 'TIMESTAMP',
          daysFrom: 'TIMESTAMP',
          monthsFrom: 'TIMESTAMP',
          ingestedFrom: 'TIMESTAMP',
        },
      });

      // 3. Write sums; absolute values, so that an earlier attempt's leftovers do no harm.
      const sums = rows.filter((row) => row.grain !== 'entry');
      for (const grain of ['hour', 'day', 'month'] as const) {
        const ofGrain = sums.filter((row) => row.grain === grain);
        if (!(await writeSums(write, workspaceId, grain, ofGrain, startedAt))) return;
      }

      // 4. Write the ids that must still be recognised.
      const seen = rows.filter((row) => row.grain === 'entry');
      const layout = await writeSeen(write, workspaceId, seen, epoch, epochMs);
      if (layout === undefined) return;

      // 5. Declare it whole; from here on entries are counted again. The version starts above any it had before.
      await write('ready', 'epoch', String(epoch), 'version', String(now() * 1_000), ...layout);
    } finally {
      clearInterval(keepLock);
      // Whoever comes next need not wait for the lock's end; it ends by itself when Redis does not answer.
      await write('release').catch(() => {});
    }
  };
}

/** How far back a grain reaches: its retention and the longest bucket that could still be alive. */
function oldestOf(grain: Grain): number {
  const longest = grain === 'month' ? 31 * 24 * HOUR_MS : grain === 'day' ? 24 * HOUR_MS : HOUR_MS;
  return RETENTION_MS[grain] + longest;
}

async function writeSums(
  write: (...args: string[]) => Promise<boolean>,
  workspaceId: string,
  grain: Grain,
  rows: readonly SumRow[],
  now: number,
): Promise<boolean> {
  const buckets = new Map<string, string[]>();
  for (const row of rows) {
    pushFields(
      getOrInsert(buckets, row.bucket, () => []),
      row,
    );
  }
  for (const [bucket, fields] of buckets) {
    const expiresAtMs = bucketExpiry(grain, bucket);
    if (expiresAtMs <= now || fields.length === 0) continue;
    const key = rollupKey(workspaceId, grain, bucket);
    if (!(await write('clear', key))) return false;
    for (let start = 0; start < fields.length; start += 2 * FIELDS_PER_CALL) {
      const part = fields.slice(start, start + 2 * FIELDS_PER_CALL);
      if (!(await write('hash', key, String(expiresAtMs / 1_000), ...part))) return false;
    }
  }
  return true;
}

function pushFields(fields: string[], row: SumRow): void {
  const cell = cellName(row.dimension, row.value);
  const cost = parseUsd(row.costUsd);
  if (cost !== 0n) fields.push(cell, cost.toString());
  const counts = {
    events: row.events,
    unpriced: row.unpriced,
    inputTokens: row.inputTokens,
    outputTokens: row.outputTokens,
    cacheReadTokens: row.cacheReadTokens,
    cacheWriteTokens: row.cacheWriteTokens,
    reasoningTokens: row.reasoningTokens,
  };
  for (const [measure, sum] of Object.entries(counts)) {
    if (sum !== '0') fields.push(fieldName(measure as Measure, cell), sum);
  }
}

/** Lays the ids out as apply.lua would; returns the fields of meta that describe the layout. */
async function writeSeen(
  write: (...args: string[]) => Promise<boolean>,
  workspaceId: string,
  rows: readonly SeenRow[],
  epoch: number,
  epochMs: number,
): Promise<string[] | undefined> {
  const layout: string[] = [];
  for (const current of [epoch - 1, epoch]) {
    const members = rows
      .filter((row) => epochOf(row, epoch, epochMs) === current)
      .map((row) => seenMembers(row.eventId, row.contentHash));
    if (members.length === 0) continue;
    const setCount = Math.ceil(members.length / ENTRIES_PER_SET);
    const expiry = String(((current + 2) * epochMs) / 1_000);
    for (const [letter, kind] of [
      ['i', 'id'],
      ['c', 'content'],
    ] as const) {
      const sets = Array.from({ length: setCount }, () => ['0']);
      for (const member of members) sets[setIndex(member[kind], setCount)]!.push(member[kind]);
      for (const [index, set] of sets.entries()) {
        const key = `${seenPrefix(workspaceId)}${current}:${letter}${index}`;
        if (!(await write('clear', key))) return undefined;
        if (!(await write('set', key, expiry, ...set))) return undefined;
      }
    }
    layout.push(`sets:${current}`, String(setCount), `entries:${current}`, String(members.length));
  }
  return layout;
}

function epochOf(row: SeenRow, latest: number, epochMs: number): number {
  return Math.min(latest, Math.floor((parseInstant(row.ingestTime) ?? 0) / epochMs));
}

/** Linear hashing, as in apply.lua: the last nine digits choose the set. */
function setIndex(member: string, setCount: number): number {
  const power = 2 ** Math.floor(Math.log2(setCount));
  const index = Math.abs(Number(member.slice(-9))) % (power * 2);
  return index >= setCount ? index - power : index;
}

function stillRebuilding(workspaceId: string): AppError {
  return new AppError({
    code: 'projection_absent',
    message: `Another instance is still rebuilding the rollups of ${workspaceId}`,
    publicMessage: 'The rollups are being rebuilt.',
    retryable: true,
  });
}
