import { chance, series } from '../unit/costs/forecast/series.ts';

/** A series with what is known of it, and how many of its last values are to be forecast. */
export type Case = { values: number[]; season: number; horizon: number };

/** Series of a kind that people forecast, made by chance that is the same every time. */
export type Kind = { name: string; cases: Case[] };

type Shape = { season: number; horizon: number; length: [number, number]; swing: number };

const SHAPES: Record<string, Shape> = {
  'yearly, trending': { season: 1, horizon: 6, length: [15, 45], swing: 0 },
  'quarterly, seasonal': { season: 4, horizon: 8, length: [24, 100], swing: 0.15 },
  'monthly, seasonal': { season: 12, horizon: 18, length: [60, 240], swing: 0.15 },
  'weekly, wandering': { season: 1, horizon: 13, length: [90, 400], swing: 0 },
  'daily, weekly season': { season: 7, horizon: 14, length: [70, 300], swing: 0.25 },
  'hourly, daily and weekly season': { season: 24, horizon: 48, length: [400, 700], swing: 0.4 },
  'hourly, one to two weeks known': { season: 24, horizon: 48, length: [168, 330], swing: 0.4 },
};

/** Made series: trends that turn, seasons that change, levels that wander or jump, and ones that are mostly zero. */
export function madeKinds(casesPerKind: number): Kind[] {
  const shaped = Object.entries(SHAPES).map(([name, shape], kind) => ({
    name,
    cases: Array.from({ length: casesPerKind }, (_, at) => make(shape, 10_000 * (kind + 1) + at)),
  }));
  const intermittent = Array.from({ length: casesPerKind }, (_, at) =>
    makeIntermittent(90_000 + at),
  );
  return [...shaped, { name: 'daily, mostly zero', cases: intermittent }];
}

function make({ season, horizon, length, swing }: Shape, seed: number): Case {
  const { uniform, normal } = chance(seed);
  const size = Math.round(length[0] + uniform() * (length[1] - length[0])) + horizon;
  const noise = 0.04 * Math.exp(0.6 * normal());
  const wander = noise * uniform();
  const steepness = season === 1 && size < 80 ? 0.03 : 0.3 / size;
  let trend = steepness * normal();
  const persistence = uniform() < 0.5 ? 1 : 0.95;
  const isFactor = uniform() < 0.6;
  const jumpAt = uniform() < 0.15 ? Math.floor(uniform() * size) : -1;
  const amplitude = swing * Math.exp(0.5 * normal()) * (uniform() < 0.2 ? 0 : 1);
  const wave = series(
    season,
    (at) => amplitude * Math.cos((2 * Math.PI * at) / season + normal() / 3),
  );
  const days = series(7, (day) => (season === 24 && day >= 5 ? -amplitude * uniform() : 0));
  let level = 0;
  const values = series(size, (at) => {
    trend *= persistence;
    level += trend + wander * normal() + (at === jumpAt ? 8 * noise : 0);
    wave[at % season]! += 0.03 * amplitude * normal();
    const seasonal = wave[at % season]! + days[Math.floor(at / 24) % 7]!;
    const value = level + seasonal + noise * normal() * (uniform() < 0.03 ? 4 : 1);
    return 1_000 * (isFactor ? Math.exp(value) : Math.max(0, 1 + value));
  });
  return { values, season, horizon };
}

function makeIntermittent(seed: number): Case {
  const { uniform, normal } = chance(seed);
  const share = 0.1 + 0.5 * uniform();
  const size = 20 * Math.exp(normal());
  const values = series(134, () => (uniform() < share ? size * Math.exp(0.5 * normal()) : 0));
  return { values, season: 7, horizon: 14 };
}
