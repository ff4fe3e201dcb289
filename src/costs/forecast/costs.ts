import { formatUsd, type NanoUsd } from '../../core/money.ts';
import { bucketEnd, DAY_MS, formatInstant, HOUR_MS, monthOf } from '../../core/time.ts';
import { type Estimate, forecastSeries, type ModelShare } from './forecast.ts';
import type { BacktestSummary } from './summary.ts';

/** What was spent in the UTC hour or day that begins at `start` (epoch ms), exactly; one without costs need not be there. */
export type SpentBucket = { start: number; spentNanoUsd: NanoUsd };

export type CostHistory = {
  grain: 'hour' | 'day';
  /** In any order; the one that holds `now`, if there, is not yet whole and left out. */
  buckets: readonly SpentBucket[];
  /** What was spent in this UTC month up to `now`. */
  monthSpentNanoUsd: NanoUsd;
};

/** An estimate of an amount: decimal US dollars, rounded to a millionth. */
export type EstimateUsd = {
  meanUsd: string;
  low80Usd: string;
  high80Usd: string;
  low95Usd: string;
  high95Usd: string;
};

/** `BacktestSummary` with its errors as amounts: decimal US dollars a bucket, rounded to a millionth. */
export type BacktestUsd = Omit<BacktestSummary, 'meanAbsoluteError' | 'naiveMeanAbsoluteError'> & {
  meanAbsoluteErrorUsd: string;
  naiveMeanAbsoluteErrorUsd: string;
};

/**
 * What is to come of costs. `spentUsd` is exact; everything in an `estimate` is a statistic. `month.estimate` is the whole
 * month's: what was spent plus what is to come; `month.restEstimate` only the latter.
 */
export type CostForecast =
  | {
      kind: 'forecast';
      month: {
        month: string;
        spentUsd: string;
        restEstimate: EstimateUsd;
        estimate: EstimateUsd;
      };
      next30Days: { from: string; to: string; estimate: EstimateUsd };
      /** What will have been spent from now to the end of each UTC day, for 30 days; bounds are those of the sum. */
      cumulative: { until: string; estimate: EstimateUsd }[];
      /** Heaviest first. */
      models: ModelShare[];
      /** How the same models did on earlier parts of the history; absent where it is too short to try. */
      backtest?: BacktestUsd | undefined;
    }
  | { kind: 'none'; reason: 'nothing-spent' | 'no-whole-bucket' };

const DAYS_AHEAD = 30;
const LENGTH_MS = { hour: HOUR_MS, day: DAY_MS };
const SEASON = { hour: 24, day: 7 };
const NANO_PER_MICRO = 1_000;
const NANO_PER_USD = 1e9;

/**
 * Forecasts the rest of the month and the next 30 days of one workspace, or of all together, from its costs by day (or by
 * hour, while there are few days). `now`: epoch ms. Amounts become numbers here, for statistics alone, and come back
 * rounded; exact ones stay as they are. Pure.
 */
export function forecastCosts(history: CostHistory, now: number): CostForecast {
  const { grain, monthSpentNanoUsd } = history;
  const length = LENGTH_MS[grain];
  const begun = Math.floor(now / length) * length;
  const whole = history.buckets.filter(({ start }) => start < begun);
  if (!history.buckets.some(({ spentNanoUsd }) => spentNanoUsd > 0n)) {
    return { kind: 'none', reason: 'nothing-spent' };
  }
  const values = toValues(whole, begun, length);
  if (values.length === 0) return { kind: 'none', reason: 'no-whole-bucket' };

  const month = monthOf(now);
  const monthEnd = bucketEnd('month', month);
  const end = now + DAYS_AHEAD * DAY_MS;
  const horizon = Math.ceil((Math.max(end, monthEnd) - begun) / length);
  const { sums, models, backtest } = forecastSeries(values, { horizon, season: SEASON[grain] });
  const between = (until: number) =>
    sumUntil(sums, (now - begun) / length, (until - begun) / length);
  const rest = between(monthEnd);
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  const daysEnd = Array.from({ length: DAYS_AHEAD }, (_, day) => today + (day + 1) * DAY_MS);
  return {
    kind: 'forecast',
    month: {
      month,
      spentUsd: formatUsd(monthSpentNanoUsd),
      restEstimate: toEstimateUsd(rest, 0n),
      estimate: toEstimateUsd(rest, monthSpentNanoUsd),
    },
    next30Days: {
      from: formatInstant(now),
      to: formatInstant(end),
      estimate: toEstimateUsd(between(end), 0n),
    },
    cumulative: daysEnd.map((until) => ({
      until: formatInstant(until),
      estimate: toEstimateUsd(between(until), 0n),
    })),
    models,
    backtest: backtest && toBacktestUsd(backtest),
  };
}

/** Dollars of the whole buckets from the first with costs up to `end`; silent ones are zero. */
function toValues(buckets: readonly SpentBucket[], end: number, length: number): number[] {
  const spent = buckets.filter(({ spentNanoUsd }) => spentNanoUsd > 0n);
  if (spent.length === 0) return [];
  const first = spent.reduce((least, { start }) => Math.min(least, start), end);
  const values = new Array<number>((end - first) / length).fill(0);
  for (const { start, spentNanoUsd } of spent) {
    values[(start - first) / length] = Number(spentNanoUsd) / NANO_PER_USD;
  }
  return values;
}

/** The sum from one place to another, in buckets; within a bucket costs arise evenly. Widths are those of the whole. */
function sumUntil(sums: readonly Estimate[], from: number, to: number): Estimate {
  const at = (key: keyof Estimate, place: number): number => {
    const before = Math.floor(place);
    const low = sums[before - 1]?.[key] ?? 0;
    const high = sums[before]?.[key] ?? low;
    return low + (place - before) * (high - low);
  };
  const mean = at('mean', to) - at('mean', from);
  const bound = (key: keyof Estimate) =>
    Math.max(0, mean + (at(key, to) - at('mean', to)) * Math.sqrt(1 - from / to));
  return {
    mean,
    low80: bound('low80'),
    high80: bound('high80'),
    low95: bound('low95'),
    high95: bound('high95'),
  };
}

function toEstimateUsd(estimate: Estimate, spent: NanoUsd): EstimateUsd {
  return {
    meanUsd: toUsd(estimate.mean, spent),
    low80Usd: toUsd(estimate.low80, spent),
    high80Usd: toUsd(estimate.high80, spent),
    low95Usd: toUsd(estimate.low95, spent),
    high95Usd: toUsd(estimate.high95, spent),
  };
}

function toBacktestUsd(summary: BacktestSummary): BacktestUsd {
  const { meanAbsoluteError, naiveMeanAbsoluteError, ...rest } = summary;
  return {
    ...rest,
    meanAbsoluteErrorUsd: toUsd(meanAbsoluteError, 0n),
    naiveMeanAbsoluteErrorUsd: toUsd(naiveMeanAbsoluteError, 0n),
  };
}

function toUsd(value: number, spent: NanoUsd): string {
  const micros = BigInt(Math.round((value * NANO_PER_USD) / NANO_PER_MICRO));
  return formatUsd(spent + micros * BigInt(NANO_PER_MICRO));
}
