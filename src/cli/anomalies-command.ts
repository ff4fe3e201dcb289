import { type Command, InvalidArgumentError, Option } from 'commander';
import { formatDollarsRounded, parseUsd } from '../core/money.ts';
import { connectApi, workspacePath } from './api.ts';
import type { AnomaliesAnswer, AnomalyAnswer } from './contract.ts';
import { invalidInput } from './exit.ts';
import { answer, type Io, terminalWidth } from './io.ts';
import {
  type ConnectionOptions,
  parsePositive,
  parseTime,
  parseWorkspace,
  withConnection,
} from './options.ts';
import { table, withTightPercents } from './tables.ts';

/** What the API gives at most and, unless asked, at once. */
const LIMIT = { default: 50, maximum: 500 };

type AnomaliesOptions = ConnectionOptions & {
  workspace: string;
  from?: string;
  to?: string;
  kind?: string;
  status?: string;
  severity?: string;
  limit?: number;
};

/** `ax anomalies`: what was outside everything seen before, and what it cost. */
export function addAnomaliesCommand(program: Command, io: Io): void {
  const anomalies = program
    .command('anomalies')
    .summary('what was outside everything seen before, and what it cost')
    .description(
      'Anomalies of the costs, error rates, latencies and business metrics of a workspace, open ones and closed ones, newest ' +
        'first (default: the last 30 days). To try a detector on a file, see ax analyze anomalies.',
    )
    .requiredOption('-w, --workspace <id>', 'the workspace', parseWorkspace)
    .option('--from <time>', 'only what was there from this instant on', parseTime)
    .option('--to <time>', 'only what began before this instant', parseTime)
    .addOption(
      new Option('--kind <kind>', 'only these').choices([
        'cost_anomaly',
        'log_volume_anomaly',
        'metric_anomaly',
      ]),
    )
    .addOption(
      new Option('--status <status>', 'only these, as they are now').choices(['open', 'closed']),
    )
    .addOption(
      new Option('--severity <severity>', 'only these').choices([
        'low',
        'medium',
        'high',
        'critical',
      ]),
    )
    .option(
      '--limit <n>',
      `at most so many (default: ${LIMIT.default}, no more than ${LIMIT.maximum})`,
      parseLimit,
    )
    .addHelpText(
      'after',
      `
Examples:
  ax anomalies --workspace acme
  ax anomalies --workspace acme --status open --json`,
    );
  withConnection(anomalies).action(async (options: AnomaliesOptions) => {
    const { workspace, from, to, kind, status, severity, limit } = options;
    if (from !== undefined && to !== undefined && to <= from) {
      throw invalidInput('--to must lie after --from.');
    }
    const api = await connectApi(io, options);
    const path = workspacePath(workspace, 'anomalies');
    const query = { from, to, kind, status, severity, limit: limit?.toString() };
    const result = await api.call<AnomaliesAnswer>('GET', path, { query });
    answer(io, options.json, result, () => describeAnomalies(result, terminalWidth(io)));
  });
}

function parseLimit(text: string): number {
  const limit = parsePositive(text);
  if (limit <= LIMIT.maximum) return limit;
  throw new InvalidArgumentError(`Give a whole number from 1 to ${LIMIT.maximum}.`);
}

function describeAnomalies({ anomalies }: AnomaliesAnswer, width: number | undefined): string {
  if (anomalies.length === 0) return 'No anomalies in this period.';
  const rows = anomalies.map((anomaly) => [
    minuteOf(anomaly.since),
    anomaly.until === undefined ? anomaly.status : minuteOf(anomaly.until),
    anomaly.severity,
    anomaly.kind.replace('_anomaly', '').replace('_', ' '),
    impactOf(anomaly),
  ]);
  const notes = anomalies.map(({ sentence }) => withTightPercents(sentence));
  const head = ['since (UTC)', 'until', 'severity', 'of', 'impact'];
  return table(head, rows, { right: [4], fixed: [0, 1], notes, width });
}

function impactOf({ impactUsd }: AnomalyAnswer): string {
  if (impactUsd === undefined) return '';
  const amount = parseUsd(impactUsd);
  return `${amount > 0n ? '+' : ''}${formatDollarsRounded(amount)}`;
}

function minuteOf(instant: string): string {
  return instant.slice(0, 16).replace('T', ' ');
}
