const { floor, max, min } = Math;

/** How a season acts: it adds to the level or multiplies it. */
export type SeasonKind = 'additive' | 'multiplicative';

/** A season taken out of a series, and the way back. */
export type Adjusted = {
  values: number[];
  /** The season put back into a forecast that begins right after the series. */
  restore(forecast: readonly number[]): number[];
};

/** Weight of a cycle against the one after it: seasons change slowly. */
const MEMORY = 0.9;

/** Below this index a value says nothing about its level. */
const LEAST_INDEX = 0.1;

/**
 * Takes a season of `period` values out of a series by moving averages (classical decomposition, run twice so that the
 * ends have a trend too). Indices are shrunk towards none by how much of them is chance (James–Stein, as Miller &
 * Williams 2003 do), so a season that is not there takes nothing out. Needs at least `period + 2` values.
 */
export function takeOutSeason(
  values: readonly number[],
  period: number,
  kind: SeasonKind,
): Adjusted {
  const index = seasonalIndex(values, period, kind);
  const n = values.length;
  const at = (time: number) => index[time % period]!;
  if (kind === 'additive') {
    return {
      values: values.map((value, time) => value - at(time)),
      restore: (forecast) => forecast.map((value, step) => value + at(n + step)),
    };
  }
  const trend = movingMean(values, period);
  return {
    values: values.map((value, time) => (at(time) < LEAST_INDEX ? trend[time]! : value / at(time))),
    restore: (forecast) => forecast.map((value, step) => value * at(n + step)),
  };
}

/** The shrunk indices of a season, by position from the series' start: mean 0 (additive) or 1. */
function seasonalIndex(values: readonly number[], period: number, kind: SeasonKind): number[] {
  const none = kind === 'additive' ? 0 : 1;
  let index = new Array<number>(period).fill(none);
  for (let round = 0; round < 2; round += 1) {
    const adjusted = values.map((value, time) =>
      kind === 'additive'
        ? value - index[time % period]!
        : value / max(LEAST_INDEX, index[time % period]!),
    );
    const trend = movingMean(round === 0 ? values : adjusted, period, round === 0);
    const rest = values.map((value, time) => {
      const level = trend[time]!;
      if (Number.isNaN(level)) return Number.NaN;
      if (kind === 'additive') return value - level;
      return level > 0 ? value / level : Number.NaN;
    });
    index = shrink(rest, period, none);
  }
  return index;
}

function shrink(rest: readonly number[], period: number, none: number): number[] {
  const n = rest.length;
  const sums = new Array<number>(period).fill(0);
  const weights = new Array<number>(period).fill(0);
  const squares = new Array<number>(period).fill(0);
  for (let time = 0; time < n; time += 1) {
    const value = rest[time]!;
    if (Number.isNaN(value)) continue;
    const weight = MEMORY ** floor((n - 1 - time) / period);
    sums[time % period]! += weight * value;
    weights[time % period]! += weight;
    squares[time % period]! += weight * weight;
  }
  const raw = sums.map((sum, at) => (weights[at]! > 0 ? sum / weights[at]! : none));
  const middle = raw.reduce((sum, one) => sum + one, 0) / period;
  let within = 0;
  let freedom = 0;
  for (let time = 0; time < n; time += 1) {
    const value = rest[time]!;
    if (Number.isNaN(value)) continue;
    within += (value - raw[time % period]!) ** 2;
    freedom += 1;
  }
  within /= max(1, freedom - period);
  let chance = 0;
  let between = 0;
  for (let at = 0; at < period; at += 1) {
    between += (raw[at]! - middle) ** 2;
    if (weights[at]! > 0) chance += (within * squares[at]!) / weights[at]! ** 2;
  }
  const kept = between <= 0 ? 0 : max(0, 1 - chance / between);
  return raw.map(
    (one) =>
      (none === 0 ? 0 : 1) + kept * (none === 0 ? one - middle : middle > 0 ? one / middle - 1 : 0),
  );
}

/** Mean over one period around each value; NaN (`strict`) or of what there is where the series ends. */
function movingMean(values: readonly number[], period: number, strict = false): number[] {
  const n = values.length;
  const sums = new Array<number>(n + 1).fill(0);
  for (let at = 0; at < n; at += 1) sums[at + 1] = sums[at]! + values[at]!;
  const between = (from: number, to: number) => sums[to]! - sums[from]!;
  const half = period / 2;
  const low = floor(half);
  return values.map((_, time) => {
    const from = time - low;
    const to = time + low;
    if (from >= 0 && to < n) {
      if (period % 2 === 1) return between(from, to + 1) / period;
      return (between(from, to) + between(from + 1, to + 1)) / (2 * period);
    }
    if (strict) return Number.NaN;
    const first = max(0, min(from, n - period));
    const last = min(n, first + period);
    return between(first, last) / (last - first);
  });
}
