import { type Command, Option } from 'commander';
import { connectApi, workspacePath } from './api.ts';
import type { AlertAnswer, AlertDetailAnswer, Delivery } from './contract.ts';
import { answer, type Io } from './io.ts';
import {
  type ConnectionOptions,
  parsePositive,
  parseTime,
  parseWorkspace,
  withConnection,
} from './options.ts';
import { dollars, table } from './tables.ts';

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
    .option('--limit <n>', 'at most so many (default: 50)', parsePositive)
    .option('--from <time>', 'only from this instant on', parseTime)
    .option('--to <time>', 'only before this instant', parseTime)
    .addOption(new Option('--type <type>', 'only these').choices(['budget', 'spike', 'test']))
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
    const api = await connectApi(io, options);
    const query = { limit: limit?.toString(), from, to, type, severity };
    const path = workspacePath(workspace, 'alerts');
    const result = await api.call<{ alerts: AlertAnswer[] }>('GET', path, { query });
    answer(io, options.json, result, () => describeList(result.alerts));
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
      answer(io, options.json, alert, () => describeAlert(alert));
    },
  );
}

function describeList(alerts: readonly AlertAnswer[]): string {
  if (alerts.length === 0) return 'No alerts in this period.';
  const rows = alerts.map(({ raisedAt, severity, type, title, deliveries, id }) => [
    raisedAt.slice(0, 19).replace('T', ' '),
    severity,
    type,
    title,
    summarize(deliveries),
    id,
  ]);
  return table(['when (UTC)', 'severity', 'type', 'title', 'deliveries', 'id'], rows);
}

/** `2 sent, 1 parked`, in the order in which they were first met. */
function summarize(deliveries: readonly Delivery[]): string {
  if (deliveries.length === 0) return '0 deliveries';
  const counts = new Map<string, number>();
  for (const { status } of deliveries) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${count} ${status}`).join(', ');
}

function describeAlert(alert: AlertDetailAnswer): string {
  const { title, severity, type, raisedAt, message, currentUsd, recommendations } = alert;
  const lines = [title, `${severity} ${type}, raised ${raisedAt}, id ${alert.id}`, '', message];
  if (currentUsd !== undefined) lines.push('', `Cost: ${dollars(currentUsd)}`);
  lines.push(...recommendations.map(({ text }) => `- ${text}`), '');
  const deliveries = alert.deliveries.map((delivery) => [
    delivery.channelId,
    delivery.channelKind ?? '',
    delivery.status,
    String(delivery.attempts),
    String(delivery.ambiguous),
    delivery.nextAttemptAt ?? '',
    delivery.detail ?? '',
  ]);
  const steps = alert.attempts.map(({ at, event, channelId, attempt, ambiguous, detail }) => [
    at,
    event,
    channelId ?? '',
    attempt === undefined ? '' : String(attempt),
    [ambiguous ? 'ambiguous' : undefined, detail].filter(Boolean).join(': '),
  ]);
  const head = ['channel', 'kind', 'status', 'attempts', 'ambiguous', 'next attempt', 'why'];
  lines.push(
    deliveries.length === 0 ? '0 deliveries' : table(head, deliveries, { right: [3, 4] }),
    '',
    table(['when', 'event', 'channel', 'attempt', ''], steps, { right: [3] }),
  );
  return lines.join('\n');
}
