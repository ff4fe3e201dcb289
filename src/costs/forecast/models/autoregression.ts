const MAX_ORDER = 12;

/**
 * An autoregression around the mean, its order chosen by AICc, fitted by Burg's method (always stable): what a series does
 * that keeps coming back to its level. Burg 1967; Kay, Modern Spectral Estimation, 1988, §7.5.
 */
export function autoregress(values: readonly number[], horizon: number): number[] {
  const { mean, coefficients } = fitBurg(values);
  const past = values.map((value) => value - mean);
  const forecast: number[] = [];
  for (let step = 0; step < horizon; step += 1) {
    let next = 0;
    for (let lag = 1; lag <= coefficients.length; lag += 1) {
      next += coefficients[lag - 1]! * past[past.length - lag]!;
    }
    past.push(next);
    forecast.push(mean + next);
  }
  return forecast;
}

function fitBurg(values: readonly number[]): { mean: number; coefficients: number[] } {
  const n = values.length;
  let mean = 0;
  for (const value of values) mean += value / n;
  const forward = values.map((value) => value - mean);
  const backward = [...forward];
  let power = 0;
  for (const value of forward) power += (value * value) / n;
  let coefficients: number[] = [];
  let best: number[] = [];
  if (power === 0) return { mean, coefficients: best };
  let least = n * Math.log(power) + 2;
  const maxOrder = Math.min(MAX_ORDER, Math.floor(n / 6));
  for (let order = 1; order <= maxOrder; order += 1) {
    let product = 0;
    let energy = 0;
    for (let at = order; at < n; at += 1) {
      const f = forward[at]!;
      const b = backward[at - 1]!;
      product += f * b;
      energy += f * f + b * b;
    }
    if (energy <= 0) break;
    const reflection = (2 * product) / energy;
    const before = coefficients;
    coefficients = [
      ...before.map((one, lag) => one - reflection * before[before.length - 1 - lag]!),
      reflection,
    ];
    for (let at = n - 1; at >= order; at -= 1) {
      const f = forward[at]!;
      const b = backward[at - 1]!;
      forward[at] = f - reflection * b;
      backward[at] = b - reflection * f;
    }
    power *= 1 - reflection * reflection;
    if (power <= 0) break;
    const parameters = order + 2;
    const criterion = n * Math.log(power) + (2 * parameters * n) / Math.max(1, n - parameters - 1);
    if (criterion < least) {
      least = criterion;
      best = coefficients;
    }
  }
  return { mean, coefficients: best };
}
