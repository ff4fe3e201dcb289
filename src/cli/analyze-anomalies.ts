import { type Command, InvalidArgumentError } from 'commander';
import { detectSeriesAnomalies } from '../analysis/anomalies/detect.ts';
import { type AnomalyRow, formatValue, toFinding } from '../analysis/anomalies/finding.ts';
import { DAY_MS } from '../core/time.ts';
import { createOfflineBigQuery } from './analyze-engine.ts';
import { readSeriesFile, type SeriesRow } from './analyze-series.ts';
import { answer, type Io, note, outputWidth } from './io.ts';
import { table } from './tables.ts';

type Options = { input: string; sensitivity: number; json?: boolean };

/** `ax analyze anomalies`: the hours of a series that are outside everything seen before them. */
export function addAnalyzeAnomalies(group: Command, io: Io): void {
  group
    .command('anomalies')
    .description('find the hours of a series that are outside everything seen before them')
    .requiredOption('--input <file>', 'CSV with the columns timestamp and value (gzip is fine)')
    .option('--sensitivity <x>', 'more finds more: 2 alarms at half the score', parseSensitivity, 1)
    .option('--json', 'print exactly one JSON document on stdout')
    .addHelpText(
      'after',
      `
Values are averaged per UTC hour, hours without one are taken as the hour before; times without a zone are UTC. An hour
can be judged once a day of others lies before it. The same SQL finds the platform's own anomalies in BigQuery; here
a local BigQuery runs it. With a column series_id, the file may hold many series.

Example:
  ax analyze anomalies --input requests.csv --json`,
    )
    .action(async (options: Options) => {
      const rows = await readSeriesFile(options.input);
      if (rows.length > 50_000) note(io, `Judging ${rows.length} values …`);
      const found = await detectSeriesAnomalies(
        createOfflineBigQuery(io),
        rows,
        options.sensitivity,
      );
      const several = rows.some(({ series }) => series !== '');
      const findings = found.map((row) =>
        several ? { series_id: row.series, ...toFinding(row) } : toFinding(row),
      );
      answer(io, options.json, { findings }, () => describe(io, found, several, canJudge(rows)));
    });
}

/** Whether an hour of any series has a day of hours before it. */
function canJudge(rows: readonly SeriesRow[]): boolean {
  const first = new Map<string, number>();
  for (const { series, atMs } of rows) first.set(series, Math.min(first.get(series) ?? atMs, atMs));
  return rows.some(({ series, atMs }) => atMs - first.get(series)! >= DAY_MS);
}

function describe(io: Io, found: readonly AnomalyRow[], several: boolean, judged: boolean): string {
  if (!judged) return 'Too short: no hour has a day of others before it, so none could be judged.';
  if (found.length === 0) return 'Nothing is outside what was seen before it.';
  const rows = found.map((row) => [
    ...(several ? [row.series] : []),
    `${row.hour.slice(0, 13).replace('T', ' ')}h`,
    row.kind.replace('_', ' '),
    row.score.toFixed(1),
    formatValue(row.value),
    `${formatValue(row.low)} to ${formatValue(row.high)}`,
  ]);
  const head = [...(several ? ['series'] : []), 'hour (UTC)', 'kind', 'score', 'value', 'expected'];
  const at = head.indexOf('score');
  return table(head, rows, {
    right: [at, at + 1],
    notes: found.map((row) => toFinding(row).reason),
    width: outputWidth(io),
  });
}

function parseSensitivity(text: string): number {
  const value = Number(text);
  if (/^\d*\.?\d+$/.test(text) && value >= 0.01 && value <= 100) return value;
  throw new InvalidArgumentError('Give a number from 0.01 to 100; 1 is as tuned.');
}
