import type { Command } from 'commander';
import { connectApi, workspacePath } from './api.ts';
import { invalidInput } from './exit.ts';
import { describeInsights, type InsightsAnswer } from './insights-text.ts';
import { answer, type Io, terminalWidth } from './io.ts';
import { type ConnectionOptions, parseTime, parseWorkspace, withConnection } from './options.ts';

type InsightsOptions = ConnectionOptions & {
  workspace: string;
  from?: string;
  to?: string;
  arithmetic?: boolean;
};

/** `ax insights`: what changed in a workspace's costs and why, and what would save. */
export function addInsightsCommand(program: Command, io: Io): void {
  const insights = program
    .command('insights')
    .summary('what changed in the costs and why, and what would save')
    .description(
      'What changed in the costs of a workspace and why, and what would save (default: the last seven days, compared with ' +
        'the seven before them).',
    )
    .requiredOption('-w, --workspace <id>', 'the workspace', parseWorkspace)
    .option('--from <time>', 'first hour, e.g. 2026-11-01 or 2026-11-01T08:00:00Z', parseTime)
    .option('--to <time>', 'first hour after the period', parseTime)
    .option('--arithmetic', 'show how each amount comes about')
    .addHelpText(
      'after',
      `
Examples:
  ax insights --workspace acme
  ax insights --workspace acme --from 2026-11-01 --to 2026-11-15 --arithmetic
  ax insights --workspace acme --json`,
    );
  withConnection(insights).action(async (options: InsightsOptions) => {
    const { workspace, from, to, arithmetic = false } = options;
    if (from !== undefined && to !== undefined && to <= from) {
      throw invalidInput('--to must lie after --from.');
    }
    const api = await connectApi(io, options);
    const path = workspacePath(workspace, 'insights');
    const result = await api.call<InsightsAnswer>('GET', path, { query: { from, to } });
    answer(io, options.json, result, () =>
      describeInsights(result, { width: terminalWidth(io), arithmetic }),
    );
  });
}
