import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBigQueryEmulator } from '../../local/bigquery/emulator.ts';
import { detectSeriesAnomalies } from '../../src/analysis/anomalies/detect.ts';
import { createWarehouse } from '../../src/cloud/bigquery.ts';
import { HOUR_MS, parseInstant } from '../../src/core/time.ts';
import { hourlyGrid, type LabelledSeries, type Scores, scoreAll } from './nab-score.ts';

/** Hours of a series that a detector would have alarmed at, as positions on its hourly grid. */
type Detector = (series: LabelledSeries) => Promise<number[]> | number[];

/** The rolling z-score that many systems use: 24 hours before, without the hour itself, alarm beyond 3. */
const BASELINE_HOURS = 24;
const BASELINE_LIMIT = 3;

/**
 * Scores the detector on labelled series in the form of the Numenta Anomaly Benchmark: `labels.json` (file → list of
 * [start, end]) and the CSV files it names, beside the rolling z-score in the same run. Undefined where there are none.
 */
export async function evaluateAnomalies(
  folder: string,
  say: (line: string) => void,
): Promise<{ figures: Record<string, number>; text: string }> {
  if (!existsSync(join(folder, 'labels.json'))) {
    return { figures: {}, text: `Skipped: there is no labels.json in ${folder}.` };
  }
  const all = readLabelled(folder);
  process.env.METADATA_SERVER_DETECTION = 'none';
  const emulator = createBigQueryEmulator({ projectId: 'eval' });
  await emulator.start();
  try {
    const warehouse = createWarehouse({
      projectId: 'eval',
      dataset: 'eval',
      apiEndpoint: emulator.url,
    });
    await fetch(`${emulator.url}/bigquery/v2/projects/eval/datasets`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ datasetReference: { projectId: 'eval', datasetId: 'eval' } }),
    });
    const ours: Detector = async ({ name, firstHour, measurements }) => {
      const rows = await detectSeriesAnomalies(warehouse, measurements, 1);
      say(`${name}: ${rows.length} findings`);
      return rows.map(({ hour }) => parseInstant(hour)! / HOUR_MS - firstHour);
    };
    const detector = await scoreAll(all, ours);
    const baseline = await scoreAll(all, zScore);
    return { figures: toFigures(detector, baseline), text: toText(detector, baseline) };
  } finally {
    await emulator.close();
  }
}

function zScore({ values }: LabelledSeries): number[] {
  return values.flatMap((value, at) => {
    if (at < BASELINE_HOURS) return [];
    const before = values.slice(at - BASELINE_HOURS, at);
    const mean = before.reduce((sum, one) => sum + one, 0) / BASELINE_HOURS;
    const variance = before.reduce((sum, one) => sum + (one - mean) ** 2, 0) / BASELINE_HOURS;
    return Math.abs(value - mean) > BASELINE_LIMIT * Math.sqrt(variance) ? [at] : [];
  });
}

function readLabelled(folder: string): LabelledSeries[] {
  const labels = JSON.parse(readFileSync(join(folder, 'labels.json'), 'utf8')) as Record<
    string,
    [string, string][]
  >;
  const present = readdirSync(folder);
  return Object.entries(labels)
    .map(([file, windows]) => ({ file: file.replaceAll('/', '__'), windows }))
    .filter(({ file }) => present.includes(file))
    .map(({ file, windows }) => {
      const lines = readFileSync(join(folder, file), 'utf8').trim().split('\n').slice(1);
      const measurements = lines.map((line) => {
        const [time, value] = line.split(',');
        return { series: file, atMs: instant(time!), value: Number(value) };
      });
      const { firstHour, values } = hourlyGrid(measurements);
      const position = (time: string) => Math.floor(instant(time) / HOUR_MS) - firstHour;
      const ranges = windows.map(([from, to]) => ({ first: position(from), last: position(to) }));
      return { name: file, measurements, firstHour, values, windows: ranges };
    });
}

function instant(text: string): number {
  return parseInstant(`${text.trim().slice(0, 19).replace(' ', 'T')}Z`)!;
}

function toFigures(detector: Scores, baseline: Scores): Record<string, number> {
  return {
    series: detector.series.length,
    standard: round(detector.standard),
    lowFalsePositives: round(detector.lowFalsePositives),
    falseAlertsPerSeriesDay: round(detector.falseAlertsPerSeriesDay),
    baselineStandard: round(baseline.standard),
    baselineLowFalsePositives: round(baseline.lowFalsePositives),
    baselineFalseAlertsPerSeriesDay: round(baseline.falseAlertsPerSeriesDay),
  };
}

const round = (value: number): number => Math.round(value * 1_000) / 1_000;

function toText(detector: Scores, baseline: Scores): string {
  const pair = (label: string, of: (scores: Scores) => number, digits: number) =>
    `${label.padEnd(34)}${of(detector).toFixed(digits).padStart(9)}${of(baseline).toFixed(digits).padStart(12)}`;
  const each = detector.series.map((series, at) => {
    const other = baseline.series[at]!;
    const cell = ({ found, windows, falseAlerts }: typeof series) =>
      `${found}/${windows} windows, ${falseAlerts} false`.padEnd(24);
    return `  ${cell(series)}${cell(other)}${series.name}`;
  });
  return [
    `${detector.series.length} series, hourly${' '.repeat(15)}detector     z-score`,
    pair('NAB score, standard profile', (scores) => scores.standard, 1),
    pair('NAB score, low false positives', (scores) => scores.lowFalsePositives, 1),
    pair('false alerts per series and day', (scores) => scores.falseAlertsPerSeriesDay, 3),
    '',
    `  ${'detector'.padEnd(24)}z-score`,
    ...each,
  ].join('\n');
}
