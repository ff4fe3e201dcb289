import { formatValue, heldFor } from './finding.ts';
import type { MetricRow } from './metric-anomalies.ts';

/** One line: what is unusual, without numbers. */
export function titleOfMetric({ metric, provider, model, value, high }: MetricRow): string {
  const more = value > high;
  const calls = callsOf(provider, model);
  if (metric === 'error_rate') return `More calls of ${calls} fail than usual`;
  if (metric === 'latency_ms') return `Calls of ${calls} take longer than usual`;
  return `${more ? 'More' : 'Less'} ${wordsOf(metric)} than usual`;
}

/** One sentence: what the value is, what it was expected to be, and since when that held. */
export function explainMetric(row: MetricRow): string {
  const { metric, unit, value, usual, low, high, days } = row;
  const calls = callsOf(row.provider, row.model);
  const more = value > high;
  const limit = more
    ? `at most ${withUnit(high, metric, unit)}`
    : `at least ${withUnit(low, metric, unit)}`;
  const usually = usual === null ? '' : `usually ${withUnit(usual, metric, unit)}, `;
  const expected = `(${usually}expected ${limit}, by the ${heldFor(days)} before)`;
  const amount = withUnit(value, metric, unit);
  if (metric === 'error_rate')
    return `Of calls of ${calls}, ${amount} failed in one hour ${expected}.`;
  if (metric === 'latency_ms') {
    return `Calls of ${calls} took ${amount} on average in one hour ${expected}.`;
  }
  return `In one hour ${wordsOf(metric)} came to ${amount} ${expected}.`;
}

/** What an alert lists beside the sentence. */
export function metricFacts(row: MetricRow): { name: string; value: string }[] {
  const { metric, unit, provider, model, value, low, high } = row;
  const shown = (amount: number) => withUnit(amount, metric, unit);
  return [
    ...(provider === '' ? [] : [{ name: 'Provider', value: provider }]),
    ...(model === '' ? [] : [{ name: 'Model', value: model }]),
    { name: 'Metric', value: wordsOf(metric) },
    { name: 'In one hour', value: shown(value) },
    { name: 'Expected', value: `${shown(low)} to ${shown(high)}` },
  ];
}

function withUnit(value: number, metric: string, unit: string): string {
  if (metric === 'error_rate') return `${Number((value * 100).toPrecision(3))} %`;
  if (unit === 'USD') return `${value < 0 ? '-' : ''}$${Math.abs(value).toFixed(2)}`;
  return unit === '1' ? formatValue(value) : `${formatValue(value)} ${unit}`;
}

const callsOf = (provider: string, model: string): string =>
  model === '' ? provider : `${model} of ${provider}`;

const wordsOf = (metric: string): string => metric.replaceAll('_', ' ');
