import { readFileSync } from 'node:fs';
import type { Redis } from '../../cloud/redis.ts';
import { AppError } from '../../core/errors.ts';
import { HOUR_MS } from '../../core/time.ts';
import { type Entry, seenMembers } from '../entry.ts';
import { type Block, toBlocks } from './cells.ts';
import { metaKey, seenPrefix } from './keys.ts';
import type { Rebuild } from './rebuild.ts';

/** What became of an entry that was not counted because its id is known. */
export type Repeat = { entry: Entry; kind: 'duplicate' | 'conflict' };

export type Rollups = ReturnType<typeof createRollups>;

const APPLY_SCRIPT = readFileSync(new URL('./apply.lua', import.meta.url), 'utf8');
const MAX_ENTRIES_PER_CALL = 1_000;
const MAX_REBUILDS_PER_CALL = 5;

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

  /**
   * Counts entries of one workspace, each once however often and in whatever order it comes; those whose ids are
   * known are returned and change nothing. Entries must be in the ledger already: when Redis has lost the
   * workspace, its projection is rebuilt from the ledger first. No two entries of a chunk may share an id.
   * Throws (retryable) when Redis or the ledger cannot answer; a second call is safe.
   */
  async function applyChunk(workspaceId: string, chunk: readonly Entry[]): Promise<Repeat[]> {
    const repeats: Repeat[] = [];
    let pending = chunk;
    let rebuilds = 0;
    while (pending.length > 0) {
      const answer = await commands.applyCostEntries(
        metaKey(workspaceId),
        ...toArguments(workspaceId, pending, epochMs, now()),
      );
      if (answer[0] === 'applied' || answer[0] === 'overflow') return repeats;
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
    return repeats;
  }

  return {
    /**
     * Counts entries of one workspace; see above. Large batches, and entries that share an id, are counted in several
     * steps, each whole.
     */
    async apply(workspaceId: string, entries: readonly Entry[]): Promise<Repeat[]> {
      const repeats: Repeat[] = [];
      for (const chunk of chunksOf(entries)) {
        repeats.push(...(await applyChunk(workspaceId, chunk)));
      }
      return repeats;
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

/** The arguments of apply.lua, as its header lists them; exported for the benchmark that calls it alone. */
export function toArguments(
  workspaceId: string,
  entries: readonly Entry[],
  epochMs: number,
  now: number,
): string[] {
  let newest = 0;
  for (const entry of entries) newest = Math.max(newest, entry.timeMs);
  const args = [
    seenPrefix(workspaceId),
    String(Math.floor(now / epochMs)),
    String(epochMs / 1_000),
    String(newest),
    String(entries.length),
  ];
  for (const entry of entries) {
    const { id, content } = seenMembers(entry.entryId, entry.contentHash);
    args.push(id, content);
  }
  const blocks = toBlocks(workspaceId, entries, now);
  args.push(String(blocks.length));
  for (const block of blocks) pushBlock(args, block);
  return args;
}

function pushBlock(args: string[], block: Block): void {
  args.push(String(block.targets.length));
  for (const { key, expiresAtMs, grain } of block.targets) {
    args.push(key, String(expiresAtMs / 1_000), grain === 'month' ? '1' : '0');
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
