import { getOrInsert } from '../../core/maps.ts';
import type { NanoUsd } from '../../core/money.ts';
import { bucketOf, type Grain, HOUR_MS } from '../../core/time.ts';
import type { Entry } from '../entry.ts';
import { bucketExpiry, cellName, fieldName, MEASURES, rollupKey } from './keys.ts';

/** The sums of one cell; `cost` in nano-USD, the rest in the order of `MEASURES` after it. */
type Cell = { cost: NanoUsd; counts: number[] };

/** Increments to be added to each of the targets: of one hour's entries to that hour, its day and its month. */
export type Block = {
  /** `bound`: its totals must not overflow; they bound every other sum. */
  targets: { key: string; expiresAtMs: number; bound: boolean }[];
  /** Pairs of field name and increment, the totals first; increments of zero are left out. */
  fields: [name: string, increment: string][];
  /** How many of `fields` are totals. */
  totals: number;
};

const GRAINS: readonly Grain[] = ['hour', 'day', 'month'];

/**
 * What a batch of entries of one workspace adds to which buckets. Buckets that have expired by `now` (epoch ms)
 * get nothing: such entries live in the ledger only. Pure; entries may come in any order.
 */
export function toBlocks(workspaceId: string, entries: readonly Entry[], now: number): Block[] {
  const hours = new Map<number, Map<string, Cell>>();
  for (const entry of entries) {
    const hour = Math.floor(entry.timeMs / HOUR_MS);
    addEntry(
      getOrInsert(hours, hour, () => new Map<string, Cell>()),
      entry,
    );
  }
  return [...hours].map(([hour, cells]) => toBlock(workspaceId, hour * HOUR_MS, cells, now));
}

function addEntry(cells: Map<string, Cell>, entry: Entry): void {
  const { event } = entry;
  const { usage } = event;
  const counts = [
    entry.events,
    entry.unpricedEvents,
    usage?.inputTokens ?? 0,
    usage?.outputTokens ?? 0,
    usage?.cacheReadTokens ?? 0,
    usage?.cacheWriteTokens ?? 0,
    usage?.reasoningTokens ?? 0,
  ];
  const add = (name: string): void => {
    const cell = cells.get(name);
    if (cell === undefined) {
      cells.set(name, { cost: entry.costNanoUsd, counts: counts.slice() });
      return;
    }
    cell.cost += entry.costNanoUsd;
    for (let i = 0; i < counts.length; i++) cell.counts[i]! += counts[i]!;
  };
  add('total');
  add(cellName('resource', event.resourceType));
  add(cellName('provider', event.provider));
  add(cellName('model', event.model ?? ''));
  add(cellName('project', event.projectId ?? ''));
  add(cellName('agent', event.agentId ?? ''));
  add(cellName('user', event.userId ?? ''));
  add(cellName('team', event.teamId ?? ''));
}

function toBlock(
  workspaceId: string,
  timeMs: number,
  cells: Map<string, Cell>,
  now: number,
): Block {
  const targets = GRAINS.map((grain) => {
    const bucket = bucketOf(grain, timeMs);
    const expiresAtMs = bucketExpiry(grain, bucket);
    return { key: rollupKey(workspaceId, grain, bucket), expiresAtMs, bound: grain === 'month' };
  }).filter((target) => target.expiresAtMs > now);
  const fields: [string, string][] = [];
  let totals = 0;
  // A Map keeps its order, and every entry adds `total` first.
  for (const [name, cell] of cells) {
    if (cell.cost !== 0n) fields.push([name, cell.cost.toString()]);
    for (let i = 0; i < cell.counts.length; i++) {
      const sum = cell.counts[i]!;
      if (sum !== 0) fields.push([fieldName(MEASURES[i + 1]!, name), sum.toFixed(0)]);
    }
    if (name === 'total') totals = fields.length;
  }
  return { targets, fields, totals };
}
