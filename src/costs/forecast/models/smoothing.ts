/** How a level and a trend follow a series: `alpha`, `beta` and the damping `phi`, each 0 to 1. */
export type Smoothing = { alpha: number; beta: number; phi: number };

/** Which of the three are fitted; a `beta` of 0 is simple exponential smoothing. */
export type SmoothingKind = 'simple' | 'damped' | 'linear';

const STARTS: Record<SmoothingKind, Smoothing> = {
  simple: { alpha: 0.2, beta: 0, phi: 1 },
  damped: { alpha: 0.2, beta: 0.05, phi: 0.93 },
  linear: { alpha: 0.2, beta: 0.05, phi: 1 },
};

const ALPHAS = [0.02, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 0.99];
const BETAS = [0.005, 0.02, 0.05, 0.12, 0.3];
const PHIS = [0.8, 0.87, 0.93, 0.97];

// A global costs far more than a constant where the code runs in a context of its own, as under Jest.
const { abs, sqrt } = Math;

/** From how many of its first values a series' first level and trend are taken. */
const FIRST_VALUES = 10;

/**
 * Exponential smoothing of a series without season: simple (flat), damped trend or linear trend (Gardner & McKenzie
 * 1985; Hyndman et al., Forecasting with Exponential Smoothing, 2008). The parameters are those with the least one-step
 * errors, found one after the other on every second place of a coarse grid, then on the places beside: finer grids only
 * follow the noise.
 */
export function smooth(
  values: readonly number[],
  horizon: number,
  kind: SmoothingKind,
): { forecast: number[]; smoothing: Smoothing } {
  const start = firstState(values, kind);
  let best = STARTS[kind];
  let least = run(values, best, start).loss;
  const consider = (smoothing: Smoothing) => {
    const { loss } = run(values, smoothing, start);
    if (loss >= least) return;
    least = loss;
    best = smoothing;
  };
  const search = (key: keyof Smoothing, grid: readonly number[]) => {
    for (let at = 1; at < grid.length; at += 2) consider({ ...best, [key]: grid[at]! });
  };
  const refine = (key: keyof Smoothing, grid: readonly number[]) => {
    const found = grid.indexOf(best[key]);
    for (const at of [found - 1, found + 1]) {
      if (at in grid) consider({ ...best, [key]: grid[at]! });
    }
  };
  for (const step of [search, refine]) {
    step('alpha', ALPHAS);
    if (kind === 'simple') continue;
    step('beta', BETAS);
    if (kind === 'damped') step('phi', PHIS);
  }
  const { level, trend } = run(values, best, start);
  const forecast: number[] = [];
  let damping = 0;
  let power = 1;
  for (let step = 0; step < horizon; step += 1) {
    power *= best.phi;
    damping += power;
    forecast.push(level + damping * trend);
  }
  return { forecast, smoothing: best };
}

type State = { level: number; trend: number };

function firstState(values: readonly number[], kind: SmoothingKind): State {
  const first = values.slice(0, FIRST_VALUES);
  const half = Math.floor(first.length / 2);
  if (kind === 'simple' || half < 2) return { level: mean(first.slice(0, 4)), trend: 0 };
  const rise = (mean(first.slice(-half)) - mean(first.slice(0, half))) / (first.length - half);
  return { level: mean(first) - (rise * (first.length + 1)) / 2, trend: rise };
}

function run(values: readonly number[], { alpha, beta, phi }: Smoothing, start: State) {
  let { level, trend } = start;
  let loss = 0;
  for (let at = 0; at < values.length; at += 1) {
    const carried = phi * trend;
    const error = values[at]! - level - carried;
    // Between absolute and squared: outliers neither rule nor vanish.
    const size = abs(error);
    loss += size * sqrt(size);
    level += carried + alpha * error;
    trend = carried + alpha * beta * error;
  }
  return { level, trend, loss };
}

function mean(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return values.length === 0 ? 0 : sum / values.length;
}
