import { defineMetric, type MetricDefinition } from '../definition.ts';
import { LABELS, type LabelName } from './labels.ts';

/** Bounds in milliseconds for what a machine answers: half a millisecond to a minute. */
export const LATENCY_MS = [
  0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000,
] as const;

/** Bounds in milliseconds for what models and agents take: a twentieth of a second to an hour. */
export const WORK_MS = [
  50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000,
  1_800_000, 3_600_000,
] as const;

/** Bounds in bytes: powers of four from 64 B to 64 MiB. */
export const SIZE_BYTES = Array.from({ length: 11 }, (_, n) => 4 ** (n + 3));

/** Bounds in seconds for how long people stay: a second to a day. */
export const STAY_SECONDS = [
  1, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400,
] as const;

/** Bounds in nano-USD for one request: 1, 2 and 5 times the powers of ten from $0.000001 to $100. */
export const COST_NANO_USD = Array.from({ length: 9 }, (_, n) =>
  n === 8 ? [10 ** 11] : [1, 2, 5].map((step) => step * 10 ** (n + 3)),
).flat();

/**
 * Unit of money in metrics: whole nano-USD, as everywhere in the project. A number holds them exactly up to 2^53, which is
 * nine million dollars per series; what is exact beyond is in the ledger. The mean of a distribution is a double, because
 * Cloud Monitoring has no other type for it: metrics are for looking at, bills are made from the ledger.
 */
export const NANO_USD = '{nUSD}';

/** A metric of the catalogue: its labels come from the closed list, with their descriptions. Pure. */
export function kpi<const Label extends LabelName>(
  definition: Omit<MetricDefinition<Label>, 'labelDescriptions'>,
): MetricDefinition<Label> {
  const labelDescriptions = Object.fromEntries<string>(
    definition.labels.map((label) => [label, LABELS[label]]),
  ) as Record<Label, string>;
  return defineMetric<Label>({ ...definition, labelDescriptions });
}
