import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Warehouse } from '../../cloud/bigquery.ts';
import type { Redis } from '../../cloud/redis.ts';
import { AppError } from '../../core/errors.ts';
import { getOrInsert } from '../../core/maps.ts';
import { type NanoUsd, parseUsd } from '../../core/money.ts';
import { bucketStart, type Grain, HOUR_MS, monthOf, parseInstant } from '../../core/time.ts';
import { seenMembers } from '../entry.ts';
import {
  bucketExpiry,
  cellName,
  fieldName,
  METER_FIELD,
  METER_RETENTION_MS,
  type Measure,
  metaKey,
  meterKey,
  rebuildLockKey,
  rollupKey,
  seenPrefix,
} from './keys.ts';
import { type MeterPeriod, readLedgerView, type SeenRow, type SumRow } from './ledger-read.ts';
import { keptSpans, type Meter, meterSetOf } from './meters.ts';

/** Makes a workspace's projection whole again from the ledger; see `createRebuild`. */
export type Rebuild = (workspaceId: string) => Promise<void>;

const WRITE_SCRIPT = readFileSync(new URL('./rebuild.lua', import.meta.url), 'utf8');
const LOCK_MS = 10_000;
const LOCK_RETRY_MS = 100;
/** Less than a push may take: whoever waited in vain is delivered again. */
const LOCK_WAIT_MS = 20_000;
const ENTRIES_PER_SET = 200;
const FIELDS_PER_CALL = 2_000;

type WriteCommand = {
  writeRebuild(lock: string, meta: string, ...args: string[]): Promise<string>;
};

/**
 * Rebuilds one workspace's rollups and seen ids from the ledger, to the same bytes that counting every entry
 * would have left. Safe to call at any time and from many instances: one rebuilds, the others wait for it, and a
 * projection that is whole is left alone. Until it is whole nobody counts anything in it, and what was appended
 * to the ledger meanwhile is either part of the rebuild or counted after it, never both. `meters` names the meters
 * that a workspace's projection is to keep; it is asked while nobody counts, and must answer as of then.
 */
export function createRebuild(options: {
  redis: Redis;
  warehouse: Warehouse;
  meters: (workspaceId: string) => Promise<Meter[]>;
  dedupeWindowHours: number;
  now: () => number;
  /** Told when the ledger showed less than had been counted: what it lacks is missing from the sums. */
  onBehind?: (workspaceId: string) => void;
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
      const { tag, meters } = meterSetOf(await options.meters(workspaceId));
      const periods = meters.flatMap((meter) =>
        keptSpans(meter, startedAt).map((span): MeterPeriod => ({ meter, ...span })),
      );
      const view = await readLedgerView(warehouse, {
        workspaceId,
        now: startedAt,
        ingestedFromMs: (epoch - 1) * epochMs,
        periods,
        eventsCounted: await eventsLeft(workspaceId, startedAt),
      });

      if (view.isBehind) options.onBehind?.(workspaceId);

      // 3. Write sums; absolute values, so that an earlier attempt's leftovers do no harm.
      for (const grain of ['hour', 'day', 'month'] as const) {
        const ofGrain = view.sums.filter((row) => row.grain === grain);
        if (!(await writeSums(write, workspaceId, grain, ofGrain, startedAt))) return;
      }
      if (!(await writeMeters(write, workspaceId, periods, view.meterSums))) return;

      // 4. Write the ids that must still be recognised.
      const layout = await writeSeen(write, workspaceId, view.seen, epoch, epochMs);
      if (layout === undefined) return;

      // 5. Declare it whole; from here on entries are counted again. The version starts above any it had before.
      const facts = ['epoch', String(epoch), 'version', String(now() * 1_000)];
      if (tag !== '') facts.push('metersTag', tag, 'meters', JSON.stringify(meters));
      if (view.newestEventMs !== undefined) facts.push('newestEvent', String(view.newestEventMs));
      await write('ready', ...facts, ...layout);
    } finally {
      clearInterval(keepLock);
      // Whoever comes next need not wait for the lock's end; it ends by itself when Redis does not answer.
      await write('release').catch(() => {});
    }
  };

  /** The events in sums of this and the last month that are left from before: the ledger must show at least these. */
  async function eventsLeft(workspaceId: string, at: number): Promise<Map<string, number>> {
    const months = [monthOf(at), monthOf(bucketStart('month', monthOf(at)) - 1)];
    const counts = await Promise.all(
      months.map((month) => redis.hget(rollupKey(workspaceId, 'month', month), EVENTS_FIELD)),
    );
    return new Map(months.map((month, i) => [month, Number(counts[i] ?? 0)]));
  }
}

const EVENTS_FIELD = fieldName('events', cellName('total', ''));

async function writeMeters(
  write: (...args: string[]) => Promise<boolean>,
  workspaceId: string,
  periods: readonly MeterPeriod[],
  sums: readonly NanoUsd[],
): Promise<boolean> {
  for (const [position, { meter, startMs, endMs }] of periods.entries()) {
    const key = meterKey(workspaceId, meter.id, startMs);
    if (!(await write('clear', key))) return false;
    const sum = sums[position]!;
    if (sum === 0n) continue;
    const expiry = String((endMs + METER_RETENTION_MS) / 1_000);
    if (!(await write('hash', key, expiry, METER_FIELD, sum.toString()))) return false;
  }
  return true;
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
