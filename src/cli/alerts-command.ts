import { type Command, InvalidArgumentError, Option } from 'commander';
import { connectApi, workspacePath } from './api.ts';
import type { AlertAnswer, AlertDetailAnswer } from './contract.ts';
import { invalidInput } from './exit.ts';
import { answer, type Io, terminalWidth } from './io.ts';
import {
  type ConnectionOptions,
  parsePositive,
  parseTime,
  parseWorkspace,
  withConnection,
} from './options.ts';
import { cut, dollars, table, withTightPercents, wrap } from './tables.ts';

/** What the API gives at most and, unless asked, at once. */
const LIMIT = { default: 50, maximum: 500 };
/** Nothing more is done about a delivery that has ended so. */
const ENDED = ['sent', 'parked', 'skipped'];

type ListOptions = ConnectionOptions & {
  workspace: string;
  limit?: number;
  from?: string;
  to?: string;
  type?: string;
  severity?: string;
};

/** `ax alerts`: what was said, to whom, and whether it arrived. */
export function addAlertsCommand(program: Command, io: Io): void {
  const alerts = program
    .command('alerts')
    .summary('what was said, to whom, and whether it arrived')
    .description('The alerts of a workspace, and how their delivery went.')
    .addHelpText(
      'after',
      `
Examples:
  ax alerts list --workspace acme
  ax alerts show 4fA2bq0xXv6sYt1mZ9kLpQ --workspace acme`,
    );

  const list = alerts
    .command('list')
    .summary('list them, newest first')
    .description('Lists alerts, newest first (default: the last 30 days).')
    .requiredOption('-w, --workspace <id>', 'the workspace', parseWorkspace)
    .option(
      '--limit <n>',
      `at most so many (default: ${LIMIT.default}, no more than ${LIMIT.maximum})`,
      parseLimit,
    )
    .option('--from <time>', 'only from this instant on', parseTime)
    .option('--to <time>', 'only before this instant', parseTime)
    .addOption(
      new Option('--type <type>', 'only these').choices([
        'budget',
        'spike',
        'anomaly',
        'error-pattern',
        'insight',
        'test',
      ]),
    )
    .addOption(
      new Option('--severity <severity>', 'only these').choices([
        'low',
        'medium',
        'high',
        'critical',
      ]),
    )
    .addHelpText(
      'after',
      '\nExample:\n  ax alerts list --workspace acme --severity critical --json',
    );
  withConnection(list).action(async (options: ListOptions) => {
    const { workspace, limit, from, to, type, severity } = options;
    if (from !== undefined && to !== undefined && to <= from) {
      throw invalidInput('--to must lie after --from.');
    }
    const api = await connectApi(io, options);
    const query = { limit: limit?.toString(), from, to, type, severity };
    const path = workspacePath(workspace, 'alerts');
    const result = await api.call<{ alerts: AlertAnswer[] }>('GET', path, { query });
    answer(io, options.json, result, () => describeList(result.alerts, terminalWidth(io)));
  });

  const show = alerts
    .command('show')
    .summary('show one, with every attempt to deliver it')
    .description('Shows an alert, and every step of its way.')
    .argument('<id>', 'its id, as ax alerts list shows it')
    .requiredOption('-w, --workspace <id>', 'the workspace', parseWorkspace)
    .addHelpText('after', '\nExample:\n  ax alerts show 4fA2bq0xXv6sYt1mZ9kLpQ --workspace acme');
  withConnection(show).action(
    async (id: string, options: ConnectionOptions & { workspace: string }) => {
      const api = await connectApi(io, options);
      const path = workspacePath(options.workspace, `alerts/${encodeURIComponent(id)}`);
      const alert = await api.call<AlertDetailAnswer>('GET', path);
      answer(io, options.json, alert, () => describeAlert(alert, terminalWidth(io)));
    },
  );
}

function parseLimit(text: string): number {
  const limit = parsePositive(text);
  if (limit <= LIMIT.maximum) return limit;
  throw new InvalidArgumentError(`Give a whole number from 1 to ${LIMIT.maximum}.`);
}

function describeList(alerts: readonly AlertAnswer[], width: number | undefined): string {
  if (alerts.length === 0) return 'No alerts in this period.';
  const titles = alerts.map(({ title }) => withTightPercents(title));
  const rows = alerts.map((alert, at) => [
    alert.raisedAt.slice(0, 19).replace('T', ' '),
    alert.severity,
    alert.type,
    titles[at]!,
    summarize(alert),
    alert.id,
  ]);
  const head = ['when (UTC)', 'severity', 'type', 'title', 'deliveries', 'id'];
  const all = table(head, rows);
  if (width === undefined || all.split('\n').every((line) => line.length <= width)) return all;
  // Titles below, so that the ids, which ax alerts show takes, have room.
  const without = (row: readonly string[]) => row.filter((_, at) => at !== 3);
  const notes = titles.map((title) => cut(title, width - 2));
  return table(without(head), rows.map(without), { ids: [4], notes, width });
}

/** `2 sent, 1 waiting`, in the order in which they were first met. */
function summarize({ deliveries, nobodyBecause }: AlertAnswer): string {
  if (deliveries.length === 0) return nobodyBecause === undefined ? 'not yet' : 'nobody';
  const counts = new Map<string, number>();
  for (const { status } of deliveries) {
    const word = ENDED.includes(status) ? status : 'waiting';
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].map(([status, count]) => `${count} ${status}`).join(', ');
}

function describeAlert(alert: AlertDetailAnswer, width: number | undefined): string {
  const { title, severity, type, raisedAt, message, currentUsd, recommendations } = alert;
  const prose = (text: string) => wrap(withTightPercents(text), width);
  const lines = [
    ...prose(title),
    ...prose(`${severity} ${type}, raised ${raisedAt}, id ${alert.id}`),
    '',
    ...prose(message),
  ];
  if (currentUsd !== undefined) lines.push('', `Cost: ${dollars(currentUsd)}`);
  lines.push(...recommendations.flatMap(({ text }) => prose(`- ${text}`)), '');
  return [...lines, describeDeliveries(alert, width), '', describeSteps(alert, width)].join('\n');
}

function describeDeliveries(
  { deliveries, nobodyBecause }: AlertDetailAnswer,
  width: number | undefined,
): string {
  if (deliveries.length === 0) {
    const nobody = `Nobody is told: ${nobodyBecause}.`;
    return wrap(nobodyBecause === undefined ? 'Not delivered yet.' : nobody, width).join('\n');
  }
  const rows = deliveries.map(({ channelId, channelKind, status, attempts, ambiguous }) => [
    channelId,
    channelKind ?? '',
    status,
    String(attempts),
    String(ambiguous),
  ]);
  const notes = deliveries.map(({ nextAttemptAt, detail }) =>
    joined([detail, nextAttemptAt === undefined ? undefined : `tried again at ${nextAttemptAt}`]),
  );
  const head = ['channel', 'kind', 'status', 'attempts', 'ambiguous'];
  return table(head, rows, { right: [3, 4], ids: [0], notes, width });
}

function describeSteps({ attempts }: AlertDetailAnswer, width: number | undefined): string {
  const rows = attempts.map(({ at, event, channelId, attempt, ambiguous }) => [
    at,
    event,
    channelId ?? '',
    attempt === undefined ? '' : String(attempt),
    ambiguous ? 'ambiguous' : '',
  ]);
  const notes = attempts.map(({ detail }) => joined([detail]));
  const head = ['when', 'event', 'channel', 'attempt', ''];
  return table(head, rows, { right: [3], ids: [2], notes, width });
}

function joined(parts: readonly (string | undefined)[]): string | undefined {
  return parts.filter((part) => part !== undefined && part !== '').join('; ') || undefined;
}
