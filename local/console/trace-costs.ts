import { readFileSync } from 'node:fs';
import type { Warehouse } from '../../src/cloud/bigquery.ts';
import { errorMessage } from '../../src/core/errors.ts';
import { formatUsd, parseUsd } from '../../src/core/money.ts';
import { DAY_MS } from '../../src/core/time.ts';

/** One entry of the ledger. */
export type CostRow = {
  eventId: string;
  /** `event`, or what amends one: `correction`, `retraction`. */
  entry: string;
  workspaceId: string;
  eventTime: string;
  spanId: string | null;
  resourceType: string;
  provider: string;
  model: string | null;
  operation: string | null;
  agentId: string | null;
  inputTokens: number | null;
  outputTokens: number | null;
  cacheReadTokens: number | null;
  /** `estimated`: its tokens are, because a stream broke off say. */
  usage: string | null;
  /** `unpriced`: nobody knows its price; `costUsd` is 0 then. */
  costSource: string;
  priceVersion: string | null;
  /** Decimal text, all its digits. */
  costUsd: string;
};

/** `totalUsd` is the exact sum of the rows; `unpriced` says how many of them nobody knows the price of. */
export type TraceCost =
  | { kind: 'known'; totalUsd: string; unpriced: number; rows: CostRow[] }
  | { kind: 'unavailable'; reason: string };

export type ReadTraceCost = (trace: {
  traceId: string;
  startMs: number;
  durationMs: number;
}) => Promise<TraceCost>;

const TEXT = readFileSync(new URL('trace-costs.sql', import.meta.url), 'utf8');

/** Asks the ledger what a trace cost; a ledger that does not answer is a reason, not an exception. */
export function createTraceCosts(warehouse: Pick<Warehouse, 'query'>): ReadTraceCost {
  return async ({ traceId, startMs, durationMs }) => {
    const params = {
      traceId,
      from: new Date(startMs - DAY_MS).toISOString(),
      to: new Date(startMs + durationMs + DAY_MS).toISOString(),
    };
    const types = { traceId: 'STRING', from: 'TIMESTAMP', to: 'TIMESTAMP' };
    try {
      const rows = await warehouse.query<CostRow>({ sql: TEXT, params, types });
      const total = rows.reduce((sum, { costUsd }) => sum + parseUsd(costUsd), 0n);
      // What amends an event has its id, a tilde and a word.
      const amendments = rows.filter(({ entry }) => entry !== 'event');
      const amended = new Set(amendments.map(({ eventId }) => eventId.split('~')[0]));
      const unpriced = rows.filter(
        ({ eventId, costSource }) => costSource === 'unpriced' && !amended.has(eventId),
      );
      return { kind: 'known', totalUsd: formatUsd(total), unpriced: unpriced.length, rows };
    } catch (error) {
      return { kind: 'unavailable', reason: errorMessage(error) };
    }
  };
}
