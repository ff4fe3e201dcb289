const { abs, max, log, min } = Math;

/** What a forecaster said from one origin and what came, step by step; both of one length. */
export type Outcome = {
  /** How many values were known at the origin. */
  known: number;
  forecast: readonly number[];
  actual: readonly number[];
};

/**
 * How errors depend on the forecast's level and on the steps ahead: an error of `forecast` at `step` (from 0) is measured in
 * units of `max(forecast, floor) ** power * (step + 1) ** growth`.
 */
export type Spread = { power: number; floor: number; growth: number };

/** Errors that do not depend on the level, that grow with its root, and that grow with it. */
const POWERS = [0, 0.5, 1];

/** Below this share of the mean forecast a level says nothing about errors. */
const FLOOR_SHARE = 0.1;

/** The growth that is assumed before any is seen, and how much must be seen to outweigh it. */
const PRIOR = { growth: 0.4, weight: 3 };

/** The exponent with which errors may grow at most; a sum of errors of one sign grows so. */
const MOST_GROWTH = 1;

/** The unit of an error. */
export function unitOf({ power, floor, growth }: Spread, forecast: number, step: number): number {
  return max(forecast, floor) ** power * (step + 1) ** growth;
}

/** Finds the spread that describes the outcomes best; of a flat one where there are none. */
export function fitSpread(
  outcomes: readonly Outcome[],
  mean: readonly number[],
  leastGrowth: number,
): Spread {
  const levels = [...outcomes.flatMap(({ forecast }) => forecast), ...mean];
  const average = levels.reduce((sum, one) => sum + one, 0) / levels.length;
  const floor = max(Number.MIN_VALUE, FLOOR_SHARE * average);
  const power = fitPower(outcomes, floor);
  return { power, floor, growth: fitGrowth(outcomes, { power, floor, growth: 0 }, leastGrowth) };
}

/** The power under which the errors are likeliest (Laplace), each power with its own scale. */
function fitPower(outcomes: readonly Outcome[], floor: number): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const power of POWERS) {
    let sizes = 0;
    let logs = 0;
    let count = 0;
    for (const { forecast, actual } of outcomes) {
      for (let step = 0; step < actual.length; step += 1) {
        const level = max(forecast[step]!, floor);
        sizes += abs(actual[step]! - forecast[step]!) / level ** power;
        logs += power * log(level);
        count += 1;
      }
    }
    if (sizes === 0) return best;
    const cost = log(sizes / count) + logs / count;
    if (cost >= least) continue;
    least = cost;
    best = power;
  }
  return best;
}

/** The slope of log error on log step, drawn towards the prior; a step counts by its share on the log scale. */
function fitGrowth(outcomes: readonly Outcome[], spread: Spread, leastGrowth: number): number {
  const steps = outcomes.reduce((most, { actual }) => max(most, actual.length), 0);
  const points: { weight: number; x: number; y: number }[] = [];
  for (let step = 0; step < steps; step += 1) {
    let sizes = 0;
    let count = 0;
    for (const { forecast, actual } of outcomes) {
      if (step >= actual.length) continue;
      const error = abs(actual[step]! - forecast[step]!);
      sizes += error / unitOf(spread, forecast[step]!, step);
      count += 1;
    }
    if (sizes === 0) continue;
    points.push({ weight: count / (step + 1), x: log(step + 1), y: log(sizes / count) });
  }
  const total = points.reduce((sum, { weight }) => sum + weight, 0);
  const center = (of: 'x' | 'y') =>
    points.reduce((sum, point) => sum + (point.weight * point[of]) / total, 0);
  const [x, y] = [center('x'), center('y')];
  let product = PRIOR.weight * PRIOR.growth;
  let squares = PRIOR.weight;
  for (const point of points) {
    product += point.weight * (point.x - x) * (point.y - y);
    squares += point.weight * (point.x - x) ** 2;
  }
  return min(MOST_GROWTH, max(leastGrowth, product / squares));
}
