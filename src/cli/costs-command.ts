import { type Command, InvalidArgumentError, Option } from 'commander';
import { formatDollarsRounded, parseUsd } from '../core/money.ts';
import { DAY_MS, formatInstant, HOUR_MS } from '../core/time.ts';
import { connectApi, workspacePath } from './api.ts';
import type { CostsAnswer, TrendAnswer } from './contract.ts';
import { invalidInput } from './exit.ts';
import { answer, type Io, outputWidth, terminalWidth } from './io.ts';
import { type ConnectionOptions, parseTime, parseWorkspace, withConnection } from './options.ts';
import { bar, dollars, shareOf, table } from './tables.ts';

const DIMENSIONS = [
  'resource',
  'provider',
  'model',
  'project',
  'agent',
  'user',
  'team',
  'day',
  'hour',
];

const BAR_WIDTH = 24;
const TREND_HOURS = 24;

type PeriodOptions = ConnectionOptions & { workspace?: string; from?: string; to?: string };

/** `ax costs` and `ax costs trend`: what a workspace cost, by what, and when. */
export function addCostsCommand(program: Command, io: Io): void {
  const costs = program
    .command('costs')
    .enablePositionalOptions()
    .summary('what a workspace cost, and on what')
    .description(
      'What a workspace cost in a period (default: this UTC month up to now), and on what.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ax costs --workspace acme
  ax costs --workspace acme --by model --from 2026-11-01 --to 2026-11-15
  ax costs --workspace acme --by day --json
  ax costs trend --workspace acme --granularity hour`,
    );
  withPeriod(costs).option(
    '--by <dimension>',
    `group by: ${DIMENSIONS.join(', ')}`,
    parseDimensions,
    'resource',
  );
  withConnection(costs).action(async (options: PeriodOptions & { by: string }) => {
    const { from, to, by } = options;
    const workspace = requireWorkspace(options);
    const api = await connectApi(io, options);
    const path = workspacePath(workspace, 'costs');
    const result = await api.call<CostsAnswer>('GET', path, { query: { from, to, by } });
    const document = { ...result, groups: result.groups ?? [] };
    answer(io, options.json, document, () => describeCosts(io, document, by));
  });

  const trend = costs
    .command('trend')
    .summary('what it cost hour by hour or day by day')
    .description(
      `What a workspace cost per day (default: this UTC month) or per hour (default: the last ${TREND_HOURS} hours).`,
    )
    .addHelpText(
      'after',
      `
Examples:
  ax costs trend --workspace acme
  ax costs trend --workspace acme --granularity hour --from 2026-11-20T00:00:00Z --json`,
    );
  withPeriod(trend).addOption(
    new Option('-g, --granularity <size>', 'size of a step')
      .choices(['day', 'hour'])
      .default('day'),
  );
  withConnection(trend).action(async (options: PeriodOptions & { granularity: string }) => {
    const { to, granularity } = options;
    const workspace = requireWorkspace(options);
    const from =
      options.from ?? (granularity === 'hour' && to === undefined ? lastHours(io) : undefined);
    const api = await connectApi(io, options);
    const path = workspacePath(workspace, 'costs/trend');
    const query = { from, to, granularity };
    const result = await api.call<TrendAnswer>('GET', path, { query });
    answer(io, options.json, result, () => describeTrend(io, result));
  });
}

function withPeriod(command: Command): Command {
  return command
    .option('-w, --workspace <id>', 'the workspace (needed)', parseWorkspace)
    .option('--from <time>', 'first instant, e.g. 2026-11-01 or 2026-11-01T08:00:00Z', parseTime)
    .option('--to <time>', 'first instant after the period', parseTime);
}

/** Not commander's own check: that of `costs` would also look at `costs trend`, whose options are its own. */
function requireWorkspace({ workspace }: PeriodOptions): string {
  if (workspace === undefined) throw invalidInput('Say whose costs: --workspace <id>.');
  return workspace;
}

function parseDimensions(text: string): string {
  const wrong = text.split(',').find((dimension) => !DIMENSIONS.includes(dimension));
  if (wrong === undefined) return text;
  throw new InvalidArgumentError(
    `${JSON.stringify(wrong)} is no dimension; there are ${DIMENSIONS.join(', ')}.`,
  );
}

function lastHours(io: Io): string {
  const now = io.now();
  return formatInstant(now - (now % HOUR_MS) - (TREND_HOURS - 1) * HOUR_MS);
}

function describeCosts(io: Io, costs: CostsAnswer & { groups: object[] }, by: string): string {
  const total = parseUsd(costs.totalUsd);
  const width = Math.min(BAR_WIDTH, Math.max(8, outputWidth(io) - 70));
  const rows = (costs.groups ?? []).map(({ key, costUsd, events, unpricedEvents }) => {
    const share = shareOf(parseUsd(costUsd), total);
    const unpriced = unpricedEvents > 0 ? `${unpricedEvents} unpriced` : '';
    return [
      key === '' ? '(none)' : key,
      dollars(costUsd),
      `${(share * 100).toFixed(1)}%`,
      bar(share, width),
      String(events),
      unpriced,
    ];
  });
  const head = [by, 'cost', 'share', '', 'events', ''];
  const body =
    rows.length === 0
      ? 'No costs in this period.'
      : table(head, rows, { right: [1, 2, 4], fixed: [3], width: terminalWidth(io) });
  return [
    `${costs.workspaceId}: ${dollars(costs.totalUsd)} from ${costs.period.from} to ${costs.period.to}`,
    `${costs.events} events${unpricedNote(costs.unpricedEvents)}`,
    '',
    body,
    '',
    ...projection(costs),
    freshness(costs),
  ].join('\n');
}

function describeTrend(io: Io, trend: TrendAnswer): string {
  const points = withoutGaps(trend);
  const amounts = points.map(({ costUsd }) => parseUsd(costUsd));
  let highest = 0n;
  for (const amount of amounts) if (amount > highest) highest = amount;
  const width = Math.max(8, Math.min(48, outputWidth(io) - 60));
  const rows = points.map(({ start, costUsd, events, unpricedEvents }, index) => [
    trend.granularity === 'day' ? start.slice(0, 10) : start.slice(0, 16).replace('T', ' '),
    bar(shareOf(amounts[index]!, highest), width),
    dollars(costUsd),
    String(events),
    unpricedEvents > 0 ? `${unpricedEvents} unpriced` : '',
  ]);
  const head = [`${trend.granularity} (UTC)`, '', 'cost', 'events', ''];
  return [
    `${trend.workspaceId}: ${dollars(trend.totalUsd)} from ${trend.period.from} to ${trend.period.to}`,
    '',
    rows.length === 0 ? 'No costs in this period.' : table(head, rows, { right: [2, 3] }),
    '',
    freshness(trend),
  ].join('\n');
}

/** The API leaves out steps without costs; in a plot they belong where they are. */
function withoutGaps({ points, granularity }: TrendAnswer): TrendAnswer['points'] {
  const stepMs = granularity === 'day' ? DAY_MS : HOUR_MS;
  const filled: TrendAnswer['points'] = [];
  for (const point of points) {
    const startMs = Date.parse(point.start);
    const previous = filled.at(-1);
    for (
      let at = previous ? Date.parse(previous.start) + stepMs : startMs;
      at < startMs;
      at += stepMs
    ) {
      filled.push({ start: formatInstant(at), costUsd: '0', events: 0, unpricedEvents: 0 });
    }
    filled.push(point);
  }
  return filled;
}

function unpricedNote(unpriced: number): string {
  if (unpriced === 0) return '';
  return `, of which ${unpriced} have no price and count as $0 (ax prices set, then ax reprice)`;
}

function projection({ projectedMonth }: CostsAnswer): string[] {
  if (projectedMonth === undefined) return [];
  const { month, spentUsd, projectedUsd, method } = projectedMonth;
  return [
    `${month}: ${dollars(spentUsd)} spent, ${formatDollarsRounded(parseUsd(projectedUsd))} expected by its end (${method})`,
  ];
}

function freshness({ source, freshness }: CostsAnswer | TrendAnswer): string {
  const { asOf, lastEventAt } = freshness;
  const last = lastEventAt === undefined ? '' : `, last event ${lastEventAt}`;
  return `Read from ${source} at ${asOf}${last}`;
}
