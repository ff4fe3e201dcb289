import { type Command, Option } from 'commander';
import { connectApi, workspacePath } from './api.ts';
import type { ErrorPatternAnswer, ErrorPatternsAnswer } from './contract.ts';
import { invalidInput } from './exit.ts';
import { answer, type Io, terminalWidth } from './io.ts';
import {
  type ConnectionOptions,
  parsePositive,
  parseTime,
  parseWorkspace,
  withConnection,
} from './options.ts';
import { table, wrap } from './tables.ts';

const MAX_NAMES = 3;

type Options = ConnectionOptions & {
  workspace: string;
  from?: string;
  to?: string;
  trend?: string;
  limit?: number;
};

/** `ax error-patterns`: errors by what they say, and what to do about them. */
export function addErrorPatternsCommand(program: Command, io: Io): void {
  const command = program
    .command('error-patterns')
    .summary('errors by what they say, and what to do about them')
    .description(
      'The errors that were logged for a workspace (default: in the last day, at most 7 days), grouped by what they say, ' +
        'compared with the 7 days before. Those of the operations workspace are the whole platform’s.',
    )
    .requiredOption('-w, --workspace <id>', 'the workspace', parseWorkspace)
    .option('--from <time>', 'first instant, e.g. 2026-11-20 or 2026-11-20T08:00:00Z', parseTime)
    .option('--to <time>', 'first instant after the period', parseTime)
    .addOption(new Option('--trend <trend>', 'only these').choices(['new', 'rising', 'steady']))
    .option('--limit <n>', 'at most so many (default: 100, no more than 1000)', parsePositive)
    .addHelpText(
      'after',
      `
Examples:
  ax error-patterns --workspace acme
  ax error-patterns --workspace operations --trend new --json`,
    );
  withConnection(command).action(async (options: Options) => {
    const { workspace, from, to, trend, limit } = options;
    if (from !== undefined && to !== undefined && to <= from) {
      throw invalidInput('--to must lie after --from.');
    }
    const api = await connectApi(io, options);
    const query = { from, to, trend, limit: limit?.toString() };
    const path = workspacePath(workspace, 'error-patterns');
    const result = await api.call<ErrorPatternsAnswer>('GET', path, { query });
    answer(io, options.json, result, () => describe(result, terminalWidth(io)));
  });
}

function describe({ from, to, patterns }: ErrorPatternsAnswer, width: number | undefined): string {
  const period = `from ${toMinute(from)} to ${toMinute(to)} (UTC)`;
  if (patterns.length === 0) return `No errors ${period}.`;
  const rows = patterns.map(({ severity, trend, count, countBefore, lastSeen, services }) => [
    trend,
    severity,
    count.toLocaleString('en-US'),
    countBefore.toLocaleString('en-US'),
    toMinute(lastSeen),
    listed(services),
  ]);
  const head = ['trend', 'severity', 'count', '7 days before', 'last seen (UTC)', 'services'];
  const grid = table(head, rows, { right: [2, 3], fixed: [0], width }).split('\n');
  const lines = patterns.flatMap((pattern, at) => ['', grid[at + 1]!, ...explain(pattern, width)]);
  return [`Errors ${period}:`, '', grid[0]!, ...lines].join('\n');
}

function explain(pattern: ErrorPatternAnswer, width: number | undefined): string[] {
  const { template, sample, workspaces, workspaceCount, suggestion } = pattern;
  const first = plain(sample.split('\n')[0]!);
  return [
    ...wrap(plain(template), width, '  '),
    ...(first === plain(template) ? [] : wrap(`e.g. ${first}`, width, '  ')),
    ...(workspaceCount > 1
      ? wrap(`in ${workspaceCount} workspaces: ${listed(workspaces)}`, width, '  ')
      : []),
    ...(suggestion === undefined
      ? []
      : wrap(`${suggestion.cause} ${suggestion.fix}`, width, '  → ')),
  ];
}

/** What was logged may hold anything, also what a terminal obeys. */
const plain = (text: string): string => text.replace(/\p{Cc}/gu, ' ');

const toMinute = (instant: string): string => instant.slice(0, 16).replace('T', ' ');

function listed(names: readonly string[]): string {
  const rest = names.length - MAX_NAMES;
  const shown = names.slice(0, MAX_NAMES).join(', ');
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}
