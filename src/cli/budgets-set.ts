import { isDeepStrictEqual } from 'node:util';
import type { Command } from 'commander';
import { AppError } from '../core/errors.ts';
import { type ApiClient, connectApi, workspacePath } from './api.ts';
import { type BudgetOptions, wantedBudget, withBudget } from './budget-options.ts';
import { describePeriod, describeScope, describeThresholds } from './budget-text.ts';
import { describeTarget, ensureChannel, findSetting, wantedChannels } from './channel-target.ts';
import type { Budget, BudgetBody, Channel } from './contract.ts';
import { answer, type Io } from './io.ts';
import { withConnection } from './options.ts';
import { dollars } from './tables.ts';

type Change = 'made' | 'changed' | 'unchanged';
type Ensured = { channel: Channel; made: boolean };

/** `ax budgets set`: a budget and the channels it is told through. */
export function addBudgetsSetCommand(budgets: Command, io: Io): void {
  const set = budgets
    .command('set')
    .summary('set one, with the channels it is told through')
    .description(
      'Sets a budget. --email, --slack and --webhook make the channels it needs; without any channel, all that take ' +
        'budget alerts are told. The same command twice changes nothing.',
    );
  withConnection(withBudget(set))
    .addHelpText(
      'after',
      `
Examples:
  ax budgets set --workspace acme --monthly 5 --email owner@acme.example --slack ACME_SLACK
  ax budgets set --workspace acme --daily 2 --agent support-bot --thresholds 80,100 --projected 100
  ax budgets set --workspace acme --weekly 50 --starts-on sunday --time-zone Europe/Berlin --label tier=gold`,
    )
    .action(async (options: BudgetOptions) => {
      const { workspace, ifVersion } = options;
      const wanted = wantedChannels(options);
      const channelIds = [...new Set([...(options.channel ?? []), ...wanted.map(({ id }) => id)])];
      const { id, body } = wantedBudget(options, channelIds);
      const api = await connectApi(io, options);
      const channels: Ensured[] = [];
      for (const channel of wanted) channels.push(await ensureChannel(api, workspace, channel));
      const { budget, change } = await ensureBudget(api, workspace, id, body, ifVersion);
      const document = {
        budget,
        change,
        channels: channels.map(({ channel, made }) => ({ ...channel, made })),
      };
      answer(io, options.json, document, () => describe(workspace, budget, change, channels));
    });
}

/** Stores the budget unless it is there just so; the version that was looked at must still be in force then. */
async function ensureBudget(
  api: ApiClient,
  workspace: string,
  id: string,
  body: BudgetBody,
  ifVersion: number | undefined,
): Promise<{ budget: Budget; change: Change }> {
  const path = workspacePath(workspace, `budgets/${encodeURIComponent(id)}`);
  const known = await findSetting<Budget>(api, path);
  const expected = ifVersion ?? known?.version ?? 0;
  if (known !== undefined && expected === known.version && isDeepStrictEqual(bodyOf(known), body)) {
    return { budget: known, change: 'unchanged' };
  }
  try {
    const budget = await api.call<Budget>('PUT', path, { body, ifVersion: expected });
    return { budget, change: known === undefined ? 'made' : 'changed' };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'conflict') throw error;
    // An answer that was lost on the way, or somebody who wants the same.
    const now = await findSetting<Budget>(api, path);
    const same = now !== undefined && isDeepStrictEqual(bodyOf(now), body);
    if (same && ifVersion === undefined) return { budget: now, change: 'unchanged' };
    throw error;
  }
}

function bodyOf({ id: _, version: _v, changedBy: _b, changedAt: _a, ...body }: Budget): BudgetBody {
  return body;
}

function describe(
  workspace: string,
  budget: Budget,
  change: Change,
  channels: readonly Ensured[],
): string {
  const { id, limitUsd, period, timeZone, scope, version } = budget;
  const { thresholdsPercent, projectedThresholdsPercent } = budget;
  const what = `${dollars(limitUsd)} per ${describePeriod(period)} (${timeZone}), ${describeScope(scope)}`;
  const lines = [`Budget ${id} ${change} (version ${version}): ${what}.`];
  for (const { channel, made } of channels) {
    const state = made ? 'made' : 'was there';
    lines.push(`Channel ${channel.id} ${state}: ${describeTarget(channel.target)}.`);
  }
  lines.push('', 'What happens next:');
  if (thresholdsPercent.length > 0) {
    lines.push(`- When spend reaches ${describeThresholds(limitUsd, thresholdsPercent)},`);
  }
  if (projectedThresholdsPercent.length > 0) {
    const percents = describeThresholds(limitUsd, projectedThresholdsPercent);
    lines.push(`- when the projected total reaches ${percents},`);
  }
  const told =
    budget.channels === undefined
      ? 'every channel that takes budget alerts (ax channels list) is told'
      : `${budget.channels.join(', ')} ${budget.channels.length === 1 ? 'is' : 'are'} told`;
  lines.push(`  ${told}, once per period.`);
  if (change !== 'unchanged')
    lines.push('- What was spent already counts: it is being checked now.');
  const first = budget.channels?.[0];
  if (first !== undefined)
    lines.push(`- Try a channel: ax channels test ${first} --workspace ${workspace}`);
  lines.push(`- See where it stands: ax budgets status --workspace ${workspace}`);
  return lines.join('\n');
}
