import { readFileSync } from 'node:fs';
import { LRUCache } from 'lru-cache';
import type { Redis } from '../../cloud/redis.ts';
import { AppError } from '../../core/errors.ts';
import { HOUR_MS } from '../../core/time.ts';
import { type Entry, seenMembers } from '../entry.ts';
import { type Block, toBlocks } from './cells.ts';
import { metaKey, seenPrefix } from './keys.ts';
import {
  createSpanLookup,
  type Meter,
  type MeterBlock,
  type MeterSet,
  type Movement,
  NO_METERS,
  toMeterBlocks,
} from './meters.ts';
import type { Rebuild } from './rebuild.ts';

/** What became of an entry that was not counted because its id is known. */
export type Repeat = { entry: Entry; kind: 'duplicate' | 'conflict' };

/**
 * What counting a batch did. `movements`: how the workspace's meters moved. `rebuilt`: the projection was rebuilt on
 * the way, with entries of the batch in it, so that movements may be missing.
 */
export type Applied = { repeats: Repeat[]; movements: Movement[]; rebuilt: boolean };

export type Rollups = ReturnType<typeof createRollups>;

const APPLY_SCRIPT = readFileSync(new URL('./apply.lua', import.meta.url), 'utf8');
const MAX_ENTRIES_PER_CALL = 1_000;
const MAX_REBUILDS_PER_CALL = 5;
const MAX_METERS_REMEMBERED = 50_000;

type ApplyCommand = { applyCostEntries(meta: string, ...args: string[]): Promise<string[]> };

/** The sums of costs per workspace, hour, day and month in Redis: a projection of the ledger. */
export function createRollups(options: {
  redis: Redis;
  rebuild: Rebuild;
  /** For how long an id is remembered at the least; up to twice as long. */
  dedupeWindowHours: number;
  now: () => number;
}) {
  const { redis, rebuild, dedupeWindowHours, now } = options;
  const epochMs = dedupeWindowHours * HOUR_MS;
  redis.defineCommand('applyCostEntries', { numberOfKeys: 1, lua: APPLY_SCRIPT });
  const commands = redis as unknown as ApplyCommand;
  const spanOf = createSpanLookup();
  /** As the projections said last; they say so again when it is no longer true. */
  const meterSets = new LRUCache<string, MeterSet>({
    maxSize: MAX_METERS_REMEMBERED,
    sizeCalculation: ({ meters }) => 1 + meters.length,
  });

  /**
   * Counts entries of one workspace, each once however often and in whatever order it comes; those whose ids are
   * known are returned and change nothing. Entries must be in the ledger already: when Redis has lost the
   * workspace, its projection is rebuilt from the ledger first. No two entries of a chunk may share an id.
   * Throws (retryable) when Redis or the ledger cannot answer; a second call is safe.
   */
  async function applyChunk(workspaceId: string, chunk: readonly Entry[]): Promise<Applied> {
    const repeats: Repeat[] = [];
    let pending = chunk;
    let rebuilds = 0;
    while (pending.length > 0) {
      const { tag, meters } = meterSets.get(workspaceId) ?? NO_METERS;
      const metered = toMeterBlocks(workspaceId, meters, pending, now(), spanOf);
      const answer = await commands.applyCostEntries(
        metaKey(workspaceId),
        ...toArguments(workspaceId, pending, epochMs, now(), { tag, metered }),
      );
      if (answer[0] === 'applied') {
        return { repeats, movements: toMovements(metered, answer), rebuilt: rebuilds > 0 };
      }
      if (answer[0] === 'overflow') break;
      if (answer[0] === 'meters') {
        const kept = JSON.parse(answer[2]!) as Meter[];
        meterSets.set(workspaceId, { tag: answer[1]!, meters: kept });
        continue;
      }
      if (answer[0] === 'absent') {
        if (++rebuilds > MAX_REBUILDS_PER_CALL) throw rebuildFailed(workspaceId);
        await rebuild(workspaceId);
        continue;
      }
      const seen = new Set<number>();
      for (let i = 1; i < answer.length; i += 2) {
        const position = Number(answer[i]);
        seen.add(position);
        repeats.push({ entry: pending[position]!, kind: answer[i + 1] as Repeat['kind'] });
      }
      pending = pending.filter((_, position) => !seen.has(position));
    }
    return { repeats, movements: [], rebuilt: rebuilds > 0 };
  }

  return {
    /**
     * Counts entries of one workspace; see above. Large batches, and entries that share an id, are counted in several
     * steps, each whole.
     */
    async apply(workspaceId: string, entries: readonly Entry[]): Promise<Applied> {
      const all: Applied = { repeats: [], movements: [], rebuilt: false };
      for (const chunk of chunksOf(entries)) {
        const { repeats, movements, rebuilt } = await applyChunk(workspaceId, chunk);
        all.repeats.push(...repeats);
        all.movements.push(...movements);
        all.rebuilt ||= rebuilt;
      }
      return all;
    },

    /** Redis knows the id of every entry that was counted at or after this instant (epoch ms). */
    rememberedSince(): number {
      return (Math.floor(now() / epochMs) - 1) * epochMs;
    },
  };
}

/** Entries in their order, in steps within which no two share an id. */
function* chunksOf(entries: readonly Entry[]): Generator<Entry[]> {
  let chunk: Entry[] = [];
  let ids = new Set<string>();
  for (const entry of entries) {
    if (chunk.length === MAX_ENTRIES_PER_CALL || ids.has(entry.entryId)) {
      yield chunk;
      chunk = [];
      ids = new Set();
    }
    chunk.push(entry);
    ids.add(entry.entryId);
  }
  if (chunk.length > 0) yield chunk;
}

/** The sums that apply.lua gives after its word, beside what they were. */
function toMovements(metered: readonly MeterBlock[], answer: readonly string[]): Movement[] {
  return metered.map(({ meter, span, increment }, i) => {
    const after = BigInt(answer[i + 1]!);
    return { meter, span, before: after - increment, after };
  });
}

/** The arguments of apply.lua, as its header lists them; exported for the benchmark that calls it alone. */
export function toArguments(
  workspaceId: string,
  entries: readonly Entry[],
  epochMs: number,
  now: number,
  { tag, metered }: { tag: string; metered: readonly MeterBlock[] } = { tag: '', metered: [] },
): string[] {
  let newest = 0;
  for (const entry of entries) newest = Math.max(newest, entry.timeMs);
  const args = [
    seenPrefix(workspaceId),
    String(Math.floor(now / epochMs)),
    String(epochMs / 1_000),
    String(newest),
    tag,
    String(metered.length),
    String(entries.length),
  ];
  for (const entry of entries) {
    const { id, content } = seenMembers(entry.entryId, entry.contentHash);
    args.push(id, content);
  }
  const blocks = [...toBlocks(workspaceId, entries, now), ...metered.map(({ block }) => block)];
  args.push(String(blocks.length));
  for (const block of blocks) pushBlock(args, block);
  return args;
}

function pushBlock(args: string[], block: Block): void {
  args.push(String(block.targets.length));
  for (const { key, expiresAtMs, bound } of block.targets) {
    args.push(key, String(expiresAtMs / 1_000), bound ? '1' : '0');
  }
  args.push(String(block.totals), String(block.fields.length));
  for (const [name, increment] of block.fields) args.push(name, increment);
}

function rebuildFailed(workspaceId: string): AppError {
  return new AppError({
    code: 'projection_absent',
    message: `The rollups of ${workspaceId} are absent again after ${MAX_REBUILDS_PER_CALL} rebuilds`,
    publicMessage: 'The rollups are being rebuilt.',
    retryable: true,
  });
}
