import { smooth } from './smoothing.ts';

/** The last value, carried on. */
export function carryOn(values: readonly number[], horizon: number): number[] {
  return new Array<number>(horizon).fill(values.at(-1)!);
}

/** The mean of the last `window` values, carried on. */
export function recentMean(values: readonly number[], horizon: number, window: number): number[] {
  const recent = values.slice(-window);
  return new Array<number>(horizon).fill(recent.reduce((sum, one) => sum + one, 0) / recent.length);
}

/** The least-squares line through the last `window` values, carried on. */
export function recentLine(values: readonly number[], horizon: number, window: number): number[] {
  const recent = values.slice(-window);
  const { slope, center, mean } = leastSquares(recent);
  return Array.from(
    { length: horizon },
    (_, step) => mean + slope * (recent.length + step - center),
  );
}

/**
 * Theta (Assimakopoulos & Nikolopoulos 2000), as the mean of the whole line and the smoothed series with its curvature
 * doubled; that is simple smoothing with half the line's slope as drift (Hyndman & Billah 2003).
 */
export function theta(values: readonly number[], horizon: number): number[] {
  const { slope } = leastSquares(values);
  const { forecast, smoothing } = smooth(values, horizon, 'simple');
  const { alpha } = smoothing;
  const lag = (1 - (1 - alpha) ** values.length) / alpha;
  return forecast.map((level, step) => level + (slope / 2) * (step + lag));
}

function leastSquares(values: readonly number[]): { slope: number; center: number; mean: number } {
  const n = values.length;
  const center = (n - 1) / 2;
  const mean = values.reduce((sum, one) => sum + one, 0) / n;
  let product = 0;
  let spread = 0;
  for (let at = 0; at < n; at += 1) {
    product += (at - center) * (values[at]! - mean);
    spread += (at - center) ** 2;
  }
  return { slope: spread === 0 ? 0 : product / spread, center, mean };
}
