import { HOUR_MS } from '../../src/core/time.ts';

/** A series with its anomalies, on the hourly grid: means per UTC hour, hours without a value as the hour before. */
export type LabelledSeries = {
  name: string;
  measurements: { series: string; atMs: number; value: number }[];
  /** Hours since 1970 of `values[0]`. */
  firstHour: number;
  values: number[];
  /** Positions on the grid, both included. */
  windows: { first: number; last: number }[];
};

/** NAB's normalised scores (0: nothing alarmed, 100: perfect) and false alerts, over all series together. */
export type Scores = {
  standard: number;
  lowFalsePositives: number;
  falseAlertsPerSeriesDay: number;
  series: { name: string; found: number; windows: number; falseAlerts: number }[];
};

const PROBATION_SHARE = 0.15;
const PROBATION_MOST = 750;
const FALSE_ALERT_WEIGHT = { standard: 0.11, low: 0.22 };

/** The hourly means of measurements in any order. */
export function hourlyGrid(measurements: readonly { atMs: number; value: number }[]) {
  const sums = new Map<number, { sum: number; count: number }>();
  for (const { atMs, value } of measurements) {
    const hour = Math.floor(atMs / HOUR_MS);
    const { sum, count } = sums.get(hour) ?? { sum: 0, count: 0 };
    sums.set(hour, { sum: sum + value, count: count + 1 });
  }
  const hours = [...sums.keys()].sort((a, b) => a - b);
  const firstHour = hours[0]!;
  const values: number[] = [];
  for (let hour = firstHour; hour <= hours.at(-1)!; hour += 1) {
    const here = sums.get(hour);
    values.push(here === undefined ? values.at(-1)! : here.sum / here.count);
  }
  return { firstHour, values };
}

/**
 * Scores a detector by the rule of the Numenta Anomaly Benchmark (Lavin and Ahmad, 2015, arXiv:1510.03336, section 3.2):
 * a window counts once, by its best alarm, the more the earlier; a missed one -1; an alarm outside costs the more the
 * further behind a window it is.
 */
export async function scoreAll(
  all: readonly LabelledSeries[],
  detect: (series: LabelledSeries) => Promise<number[]> | number[],
): Promise<Scores> {
  let reward = 0;
  let penalty = 0;
  let windows = 0;
  let falseAlerts = 0;
  let days = 0;
  const series: Scores['series'] = [];
  for (const one of all) {
    const scored = scoreSeries(one, await detect(one));
    reward += scored.reward;
    penalty += scored.penalty;
    windows += one.windows.length;
    falseAlerts += scored.falseAlerts;
    days += scored.days;
    const { found } = scored;
    series.push({
      name: one.name,
      found,
      windows: one.windows.length,
      falseAlerts: scored.falseAlerts,
    });
  }
  const normalised = (weight: number) =>
    (100 * (reward - weight * penalty + windows)) / (2 * windows);
  return {
    standard: normalised(FALSE_ALERT_WEIGHT.standard),
    lowFalsePositives: normalised(FALSE_ALERT_WEIGHT.low),
    falseAlertsPerSeriesDay: falseAlerts / days,
    series,
  };
}

function scoreSeries({ values, windows }: LabelledSeries, alarms: readonly number[]) {
  const probation = Math.min(Math.floor(PROBATION_SHARE * values.length), PROBATION_MOST);
  const scored = alarms.filter((at) => at >= probation);
  let reward = 0;
  let found = 0;
  for (const { first, last } of windows) {
    const inside = scored.filter((at) => at >= first && at <= last);
    if (inside.length === 0) {
      reward -= 1;
      continue;
    }
    found += 1;
    reward += sigma((Math.min(...inside) - last - 1) / (last - first + 1)) / sigma(-1);
  }
  const outside = scored.filter(
    (at) => !windows.some(({ first, last }) => at >= first && at <= last),
  );
  const penalty = outside.reduce((sum, at) => sum + costOf(at, windows), 0);
  return {
    reward,
    penalty,
    found,
    falseAlerts: outside.length,
    days: (values.length - probation) / 24,
  };
}

/** 0 right behind a window, 1 far from all. */
function costOf(at: number, windows: LabelledSeries['windows']): number {
  const before = windows.filter(({ last }) => last < at);
  if (before.length === 0) return 1;
  const { first, last } = before.reduce((a, b) => (b.last > a.last ? b : a));
  const distance = (at - last) / Math.max(1, last - first);
  return distance > 3 ? 1 : -sigma(distance);
}

/** NAB's scaled sigmoid: 1 far ahead, 0 at the end of a window, -1 far behind. */
function sigma(y: number): number {
  return 2 / (1 + Math.exp(5 * y)) - 1;
}
