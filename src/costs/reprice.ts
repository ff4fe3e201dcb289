import { readFileSync } from 'node:fs';
import type { Warehouse } from '../cloud/bigquery.ts';
import type { Publisher } from '../cloud/pubsub.ts';
import { getOrInsert } from '../core/maps.ts';
import { formatUsd, type NanoUsd } from '../core/money.ts';
import { DAY_MS, formatInstant } from '../core/time.ts';
import type { Correction } from './correction.ts';
import { instantOf } from './entry.ts';
import { type CostEvent, MAX_AGE_DAYS, MAX_MESSAGE_BYTES, type Usage } from './event.ts';
import type { PriceBook } from './pricing/price-book.ts';
import { latestEnd } from './reports/plan.ts';

const UNPRICED_SQL = readFileSync(
  new URL('../../bigquery/queries/unpriced_events.sql', import.meta.url),
  'utf8',
);
/** A correction is at most as large as an event, which leaves room below a message's largest size. */
const PAGE_SIZE = 500;

type UnpricedRow = { [Key in keyof CostEvent | keyof Usage]?: unknown } & {
  id: string;
  timestamp: string;
  provider: string;
  model: string | null;
};

/** What a repricing did, or would do (`dryRun`). Amounts are decimal USD. */
export type RepriceReport = {
  /** Unpriced events looked at. */
  scanned: number;
  repriced: number;
  stillUnpriced: { provider: string; model: string; events: number }[];
  deltaUsd: string;
  dryRun: boolean;
};

/**
 * Prices events that had no price when they came in, each by the price at its own time, as corrections that go the
 * way of events: nothing in the ledger is edited. Calling it again is safe: a correction's id derives from its
 * event's, so it counts once; while earlier corrections are on their way they are made, and ignored, again.
 */
export function createReprice(options: {
  warehouse: Warehouse;
  publisher: Pick<Publisher, 'publish'>;
  prices: (workspaceIds: Iterable<string>) => Promise<PriceBook>;
  now: () => number;
}) {
  const { warehouse, publisher, prices, now } = options;

  return async function reprice(request: {
    workspaceId: string;
    /** Epoch ms, half open; by default everything that can still be corrected. */
    from?: number;
    to?: number;
    dryRun: boolean;
  }): Promise<RepriceReport> {
    const { workspaceId, dryRun } = request;
    const oldest = now() - MAX_AGE_DAYS * DAY_MS;
    const from = Math.max(request.from ?? oldest, oldest);
    const to = request.to ?? latestEnd(now());
    const book = await prices([workspaceId]);
    const unknown = new Map<string, { provider: string; model: string; events: number }>();
    let [scanned, repriced, delta] = [0, 0, 0n as NanoUsd];
    let afterEventId = '';

    for (;;) {
      // 1. The next page of events without a price.
      const rows = await warehouse.query<UnpricedRow>({
        sql: UNPRICED_SQL,
        params: {
          workspaceId,
          from: formatInstant(from),
          to: formatInstant(to),
          afterEventId,
          pageSize: PAGE_SIZE,
        },
        types: {
          workspaceId: 'STRING',
          from: 'TIMESTAMP',
          to: 'TIMESTAMP',
          afterEventId: 'STRING',
          pageSize: 'INT64',
        },
      });

      // 2. Price each at its own time.
      const corrections: Correction[] = [];
      for (const row of rows) {
        const { event, usage } = toEvent(workspaceId, row);
        const { provider, model = '' } = event;
        const at = instantOf(event.timestamp);
        const price = book.price({ provider, model, at, usage, workspaceId });
        if (price.kind === 'unpriced') {
          const zero = () => ({ provider, model, events: 0 });
          getOrInsert(unknown, JSON.stringify([provider, model]), zero).events++;
          continue;
        }
        const { costNanoUsd, source, priceVersion } = price;
        delta += costNanoUsd;
        repriced++;
        const costUsd = formatUsd(costNanoUsd);
        corrections.push({ event: { ...event, costUsd }, source, priceVersion });
      }

      // 3. Send the corrections the way of events.
      if (!dryRun) await publishCorrections(publisher, corrections);
      scanned += rows.length;
      if (rows.length < PAGE_SIZE) break;
      afterEventId = rows.at(-1)!.id;
    }
    const stillUnpriced = [...unknown.values()].sort((a, b) => b.events - a.events);
    return { scanned, repriced, stillUnpriced, deltaUsd: formatUsd(delta), dryRun };
  };
}

async function publishCorrections(
  publisher: Pick<Publisher, 'publish'>,
  corrections: readonly Correction[],
): Promise<void> {
  if (corrections.length === 0) return;
  const data = Buffer.from(JSON.stringify({ corrections }));
  if (data.length <= MAX_MESSAGE_BYTES || corrections.length === 1) {
    await publisher.publish(data);
    return;
  }
  const half = Math.ceil(corrections.length / 2);
  await publishCorrections(publisher, corrections.slice(0, half));
  await publishCorrections(publisher, corrections.slice(half));
}

/** The event as far as a correction repeats it, and the usage to price. */
function toEvent(workspaceId: string, row: UnpricedRow): { event: CostEvent; usage: Usage } {
  const {
    inputTokens,
    outputTokens,
    cacheReadTokens,
    cacheWriteTokens,
    reasoningTokens,
    requests,
    labels,
    ...rest
  } = row;
  const usage = {
    inputTokens,
    outputTokens,
    cacheReadTokens,
    cacheWriteTokens,
    reasoningTokens,
    requests,
  };
  const event = {
    ...withoutNulls(rest),
    id: row.id,
    workspaceId,
    timestamp: formatInstant(instantOf(row.timestamp)),
    currency: 'USD',
    ...(typeof labels === 'string' && { labels: JSON.parse(labels) }),
  };
  return { event: event as CostEvent, usage: withoutNulls(usage) as Usage };
}

function withoutNulls(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record).filter(([, value]) => value !== null && value !== undefined),
  );
}
