import { percentile } from './percentile.ts';
import { runningTotals, totalAt } from './running-total.ts';
import type { DistributionValue, Metric, Series } from './series.ts';

/** A gauge's value is shown until it is this old. */
const STALE_STEPS = 3;
const STALE_MS = 130_000;
const PERCENTILES = [0.5, 0.95, 0.99] as const;

export type ChartOptions = {
  /** The last step ends here; steps lie on multiples of `stepMs`. */
  toMs: number;
  windowMs: number;
  stepMs: number;
  /** One line per value of this label; absent: one for all. */
  groupBy?: string;
  /** What is done with the series of a group: added, averaged, or a line for each instance. */
  combine: 'sum' | 'mean' | 'each';
  /** Of a counter: per second, or what it has come to. */
  mode: 'rate' | 'total';
};

/** Values belong to the times; null: nothing known. */
export type Line = { name: string; values: (number | null)[] };
/** How many values fell into each bucket (first index) in each step. */
export type Heat = { bounds: number[]; counts: number[][] };
export type Chart = { times: number[]; unit: string; lines: Line[]; heat?: Heat };

/** What is to be drawn of a metric: lines over a grid of times, and of distributions a heat map too. Pure. */
export function chartOf(metric: Metric, options: ChartOptions): Chart {
  const times = gridOf(metric, options);
  const groups = groupsOf(metric.series, options);
  if (metric.valueType === 'DISTRIBUTION') return distributionChart(metric, groups, times, options);
  const perSecond = metric.kind === 'CUMULATIVE' && options.mode === 'rate';
  const lines = groups.map(({ name, series }) => {
    const each = series.map((one) =>
      metric.kind === 'GAUGE' ? gaugeValues(one, times, options) : counted(one, times, options),
    );
    return { name, values: times.map((_, i) => combined(each, i, options.combine)) };
  });
  return { times, unit: perSecond ? `${metric.unit || '1'}/s` : metric.unit, lines };
}

/** Ends where every living series has been heard of, so that the last step is a whole one for all. */
function gridOf({ series, kind }: Metric, { toMs, windowMs, stepMs }: ChartOptions): number[] {
  const heard = kind === 'GAUGE' ? toMs : Math.min(toMs, heardUntil(series, stepMs) ?? toMs);
  const last = Math.floor(heard / stepMs) * stepMs;
  const first = Math.ceil((toMs - windowMs) / stepMs) * stepMs;
  const count = Math.max(0, Math.round((last - first) / stepMs) + 1);
  return Array.from({ length: count }, (_, i) => first + i * stepMs);
}

/** A series that has missed two of its own intervals belongs to an instance that is gone: nobody waits for it. */
function heardUntil(series: readonly Series[], stepMs: number): number | undefined {
  const ends = series.map(({ points }) => points.map(({ endMs }) => endMs).slice(-2));
  const newest = Math.max(...ends.map((times) => times.at(-1) ?? 0));
  const living = ends.filter(([before = 0, last = before]) => {
    const interval = last > before ? last - before : stepMs;
    return newest - last <= 2.5 * interval;
  });
  return living.length === 0 ? undefined : Math.min(...living.map((times) => times.at(-1)!));
}

function groupsOf(
  series: readonly Series[],
  { groupBy, combine }: ChartOptions,
): { name: string; series: Series[] }[] {
  const groups = new Map<string, Series[]>();
  for (const one of series) {
    const value = groupBy === undefined ? undefined : (one.labels[groupBy] ?? '(none)');
    const parts = combine === 'each' ? [value, one.instance] : [value];
    const name = parts.filter((part) => part !== undefined).join(' · ') || 'all';
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  return [...groups]
    .map(([name, members]) => ({ name, series: members }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function gaugeValues(
  { points }: Series,
  times: readonly number[],
  { stepMs }: ChartOptions,
): (number | null)[] {
  const maxAgeMs = Math.max(STALE_STEPS * stepMs, STALE_MS);
  return times.map((time) => {
    const last = points.findLast(({ endMs }) => endMs <= time);
    if (last === undefined || time - last.endMs > maxAgeMs) return null;
    return typeof last.value === 'number' ? last.value : last.value.sum / (last.value.count || 1);
  });
}

/** Of a counter: how much per second in the step before each time, or the total at it. */
function counted(
  { points }: Series,
  times: readonly number[],
  { mode, stepMs }: ChartOptions,
): (number | null)[] {
  const totals = runningTotals(points);
  const first = totals[0]?.ms ?? Number.POSITIVE_INFINITY;
  const last = totals.at(-1)?.ms ?? Number.NEGATIVE_INFINITY;
  return times.map((time) => {
    if (time < first || (mode === 'rate' && (time === first || time - stepMs > last))) return null;
    const now = totalAt(totals, time)[0]!;
    if (mode === 'total') return now;
    return ((now - totalAt(totals, time - stepMs)[0]!) / stepMs) * 1000;
  });
}

function distributionChart(
  metric: Metric,
  groups: { name: string; series: Series[] }[],
  times: readonly number[],
  options: ChartOptions,
): Chart {
  const bounds = boundsOf(metric.series);
  const heat = times.map(() => new Array<number>(bounds.length + 1).fill(0));
  const lines: Line[] = [];
  for (const { name, series } of groups) {
    const steps = times.map(() => new Array<number>(bounds.length + 1).fill(0));
    for (const one of series) addSteps(steps, one, times, options.stepMs, bounds.length);
    for (const [i, counts] of steps.entries()) add(heat[i]!, counts);
    for (const share of PERCENTILES) {
      lines.push({
        name: `${name === 'all' ? '' : `${name} `}p${share * 100}`,
        values: steps.map((counts) => percentile(bounds, counts, share) ?? null),
      });
    }
  }
  const byBucket = [...bounds, 0].map((_, bucket) => heat.map((counts) => counts[bucket]!));
  return { times: [...times], unit: metric.unit, lines, heat: { bounds, counts: byBucket } };
}

/** Series with other bounds than the newest ones cannot be added to them; they are left out. */
function boundsOf(series: readonly Series[]): number[] {
  const values = series
    .map(({ points }) => points.at(-1))
    .filter((point) => point !== undefined && typeof point.value !== 'number')
    .sort((a, b) => b!.endMs - a!.endMs);
  return (values[0]?.value as DistributionValue | undefined)?.bounds ?? [];
}

function addSteps(
  steps: number[][],
  { points }: Series,
  times: readonly number[],
  stepMs: number,
  bounds: number,
): void {
  const fitting = points.filter(
    ({ value }) => typeof value !== 'number' && value.counts.length === bounds + 1,
  );
  const totals = runningTotals(fitting);
  if (totals.length === 0) return;
  for (const [i, time] of times.entries()) {
    const before = totalAt(totals, time - stepMs);
    const counts = totalAt(totals, time).map((value, k) => value - (before[k] ?? 0));
    add(steps[i]!, counts.slice(0, bounds + 1));
  }
}

function combined(
  each: readonly (number | null)[][],
  i: number,
  combine: ChartOptions['combine'],
): number | null {
  const known = each.map((values) => values[i]!).filter((value) => value !== null);
  if (known.length === 0) return null;
  const sum = known.reduce((total, value) => total + value, 0);
  return combine === 'mean' ? sum / known.length : sum;
}

function add(into: number[], values: readonly number[]): void {
  for (const [i, value] of values.entries()) into[i] = (into[i] ?? 0) + value;
}
