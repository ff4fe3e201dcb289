import type { Command } from 'commander';
import { connectApi, workspacePath } from './api.ts';
import { describeBudgets, describeStatus } from './budget-text.ts';
import { addBudgetsSetCommand } from './budgets-set.ts';
import type { Budget, BudgetDecision, BudgetExplanation, BudgetStatus } from './contract.ts';
import { answer, type Io, outputWidth, terminalWidth } from './io.ts';
import { type ConnectionOptions, parseId, parseWorkspace, withConnection } from './options.ts';
import { withTightPercents } from './tables.ts';

type Options = ConnectionOptions & { workspace: string };

/** `ax budgets`: limits, and where they stand. */
export function addBudgetsCommand(program: Command, io: Io): void {
  const budgets = program
    .command('budgets')
    .summary('set limits, and see where they stand')
    .description(
      'Budgets: how much a workspace, or a part of it, may cost in a day, week or month, and who hears about it when ' +
        'spend gets there.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ax budgets set --workspace acme --monthly 5 --email owner@acme.example --slack SLACK_WEBHOOK
  ax budgets status --workspace acme
  ax budgets explain monthly --workspace acme
  ax budgets rm monthly --workspace acme`,
    );

  addBudgetsSetCommand(budgets, io);

  const status = withWorkspace(budgets, 'status')
    .summary('where every budget stands')
    .description('Spend, limit, days left and projection of every budget, as bars up to the limit.')
    .addHelpText('after', '\nExample:\n  ax budgets status --workspace acme');
  withConnection(status).action(async (options: Options) => {
    const api = await connectApi(io, options);
    const path = workspacePath(options.workspace, 'budgets/status');
    const result = await api.call<{ budgets: BudgetStatus[] }>('GET', path);
    answer(io, options.json, result, () =>
      result.budgets.length === 0
        ? `No budgets are set (ax budgets set --workspace ${options.workspace} --monthly <usd>).`
        : result.budgets.map((one) => describeStatus(one, outputWidth(io), io.now())).join('\n\n'),
    );
  });

  const list = withWorkspace(budgets, 'list')
    .summary('list them')
    .description('Lists the budgets of a workspace.')
    .addHelpText('after', '\nExample:\n  ax budgets list --workspace acme');
  withConnection(list).action(async (options: Options) => {
    const api = await connectApi(io, options);
    const path = workspacePath(options.workspace, 'budgets');
    const result = await api.call<{ budgets: Budget[] }>('GET', path);
    answer(io, options.json, result, () =>
      result.budgets.length === 0
        ? 'No budgets are set.'
        : describeBudgets(result.budgets, terminalWidth(io)),
    );
  });

  const explain = withWorkspace(budgets, 'explain')
    .summary('why one would speak now or stay quiet')
    .description('Says step by step what a check of a budget finds now, and what it decides.')
    .argument('<id>', 'its id, as ax budgets list shows it', parseId)
    .addHelpText('after', '\nExample:\n  ax budgets explain monthly --workspace acme');
  withConnection(explain).action(async (id: string, options: Options) => {
    const api = await connectApi(io, options);
    const path = workspacePath(options.workspace, `budgets/${encodeURIComponent(id)}/explain`);
    const result = await api.call<BudgetExplanation>('GET', path);
    answer(io, options.json, result, () => describeExplanation(io, result));
  });

  const remove = withWorkspace(budgets, 'rm')
    .summary('remove one')
    .description('Removes a budget. Its channels stay.')
    .argument('<id>', 'its id, as ax budgets list shows it', parseId)
    .addHelpText('after', '\nExample:\n  ax budgets rm monthly --workspace acme');
  withConnection(remove).action(async (id: string, options: Options) => {
    const api = await connectApi(io, options);
    const path = workspacePath(options.workspace, `budgets/${encodeURIComponent(id)}`);
    const removed = await api.call<{ id: string }>('DELETE', path);
    answer(io, options.json, removed, () => `Removed ${id}.`);
  });
}

function withWorkspace(budgets: Command, name: string): Command {
  return budgets
    .command(name)
    .requiredOption('-w, --workspace <id>', 'the workspace', parseWorkspace);
}

function describeExplanation(io: Io, explanation: BudgetExplanation): string {
  const { status, decision, projectionDecision, steps } = explanation;
  return [
    describeStatus(status, outputWidth(io), io.now()),
    '',
    ...steps.map((step, at) => `${at + 1}. ${withTightPercents(step)}`),
    '',
    `Decision about spend: ${describeDecision(decision)}`,
    `Decision about the projection: ${describeDecision(projectionDecision)}`,
  ].join('\n');
}

function describeDecision({ kind, reason }: BudgetDecision): string {
  return reason === undefined ? kind : `${kind} (${reason})`;
}
