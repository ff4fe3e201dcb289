import { bucketEnd, bucketOf, bucketStart, type Grain, HOUR_MS } from '../../core/time.ts';
import { MAX_AHEAD_MS } from '../event.ts';
import { RETENTION_MS } from '../rollups/keys.ts';

export type Bucket = { grain: Grain; bucket: string; startMs: number };

/** A half-open period, epoch ms. */
export type Period = { from: number; to: number };

const GRAINS_LARGE_TO_SMALL: readonly Grain[] = ['month', 'day', 'hour'];
/** Beyond this one scan of the ledger is cheaper than reading so many hashes. */
const MAX_BUCKETS = 800;
/** A bucket about to expire might be gone when it is read. */
const EXPIRY_MARGIN_MS = HOUR_MS;

/** The end of everything that can have been accepted by `now` (epoch ms): full hours, clocks that run ahead included. */
export function latestEnd(now: number): number {
  return (Math.floor((now + MAX_AHEAD_MS) / HOUR_MS) + 1) * HOUR_MS;
}

/**
 * The fewest rollup buckets, none larger than `largest`, that hold exactly the period's costs, in order; or
 * undefined when there are none such (ends within an hour, hours that have expired): then only the ledger knows.
 * What lies after `latestEnd(now)` cannot hold costs, so a period that ends there may end anywhere. Pure.
 */
export function tilePeriod(period: Period, largest: Grain, now: number): Bucket[] | undefined {
  const horizon = latestEnd(now);
  const to = period.to >= horizon ? Number.POSITIVE_INFINITY : period.to;
  const grains = GRAINS_LARGE_TO_SMALL.slice(GRAINS_LARGE_TO_SMALL.indexOf(largest));
  const buckets: Bucket[] = [];
  let at = period.from;
  while (at < Math.min(to, horizon)) {
    const tile = grains
      .map((grain) => ({ grain, bucket: bucketOf(grain, at) }))
      .find(({ grain, bucket }) => {
        const end = bucketEnd(grain, bucket);
        const kept = end + RETENTION_MS[grain] > now + EXPIRY_MARGIN_MS;
        return kept && bucketStart(grain, bucket) === at && end <= to;
      });
    if (tile === undefined || buckets.length === MAX_BUCKETS) return undefined;
    buckets.push({ ...tile, startMs: at });
    at = bucketEnd(tile.grain, tile.bucket);
  }
  return buckets;
}
