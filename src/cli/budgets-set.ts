import { isDeepStrictEqual } from 'node:util';
import type { Command } from 'commander';
import { AppError } from '../core/errors.ts';
import { type ApiClient, connectApi, workspacePath } from './api.ts';
import {
  describeHearers,
  type Ensured,
  findChannel,
  makeChannel,
  requireChannels,
  takeBack,
} from './budget-channels.ts';
import { type BudgetOptions, wantedBudget, withBudget } from './budget-options.ts';
import {
  describeChanges,
  describePeriod,
  describeScope,
  describeThresholds,
} from './budget-text.ts';
import { describeTarget, findSetting, wantedChannels } from './channel-target.ts';
import type { Budget, BudgetBody } from './contract.ts';
import { answer, type Io, note } from './io.ts';
import { withConnection } from './options.ts';
import { dollars } from './tables.ts';

/** What became of the budget; `previous`: as it was before it was changed. */
type Outcome = { budget: Budget } & (
  | { change: 'made' | 'unchanged' }
  | { change: 'changed'; previous: Budget }
);

/** `ax budgets set`: a budget and the channels it is told through. */
export function addBudgetsSetCommand(budgets: Command, io: Io): void {
  const set = budgets
    .command('set')
    .summary('set one, with the channels it is told through')
    .description(
      'Sets a budget, all of it: of one that is there already, everything that is not given (name, thresholds, time zone, ' +
        'channels) goes back to its default; what has changed is printed. --email, --slack and --webhook make the ' +
        'channels it needs; without any channel, all that take budget alerts are told. The same command twice changes ' +
        'nothing.',
    );
  withConnection(withBudget(set))
    .addHelpText(
      'after',
      `
Examples:
  ax budgets set --workspace acme --monthly 5 --email owner@acme.example --slack SLACK_WEBHOOK
  ax budgets set --workspace acme --daily 2 --agent support-bot --thresholds 80,100 --projected 100
  ax budgets set --workspace acme --weekly 50 --starts-on sunday --time-zone Europe/Berlin --label tier=gold`,
    )
    .action(async (options: BudgetOptions) => {
      const api = await connectApi(io, options);
      const { outcome, channels } = await setBudget(io, api, options);
      const { workspace, json } = options;
      const hearers =
        outcome.budget.channels === undefined ? await describeHearers(api, workspace) : undefined;
      if (json === true && hearers?.certain === false) note(io, `Take care: ${hearers.words}`);
      const document = {
        ...outcome,
        channels: channels.map(({ channel, made }) => ({ ...channel, made })),
      };
      answer(io, json, document, () => describe(workspace, outcome, channels, hearers?.words));
    });
}

/**
 * 1. Whatever can be refused is, before anything is changed: options, version, named channels, channels that lead elsewhere.
 * 2. Makes the channels that are not there yet.
 * 3. Stores the budget, if the version that was looked at is still in force.
 * Refused on the way, the channels of step 2 are removed again: they would take the alerts of other budgets.
 */
async function setBudget(io: Io, api: ApiClient, options: BudgetOptions) {
  const { workspace, ifVersion, channel: named = [] } = options;
  const wanted = wantedChannels(options);
  const ownIds = wanted.map(({ id }) => id);
  const { id, body } = wantedBudget(options, [...new Set([...named, ...ownIds])]);
  const path = workspacePath(workspace, `budgets/${encodeURIComponent(id)}`);
  const known = await findSetting<Budget>(api, path);
  requireVersion(workspace, id, known, ifVersion);
  await requireChannels(
    api,
    workspace,
    named.filter((name) => !ownIds.includes(name)),
  );
  const there = await Promise.all(wanted.map((one) => findChannel(api, workspace, one)));

  const channels: Ensured[] = [];
  try {
    for (const [at, one] of wanted.entries()) {
      const channel = there[at];
      channels.push(
        channel === undefined ? await makeChannel(api, workspace, one) : { channel, made: false },
      );
    }
    const outcome = await storeBudget(api, path, { known, body, forced: ifVersion !== undefined });
    return { outcome, channels };
  } catch (error) {
    const made = channels.flatMap(({ channel, made }) => (made ? [channel] : []));
    await takeBack(io, api, workspace, made, error);
    throw error;
  }
}

function requireVersion(
  workspace: string,
  id: string,
  known: Budget | undefined,
  ifVersion: number | undefined,
): void {
  if (ifVersion === undefined || ifVersion === (known?.version ?? 0)) return;
  const message =
    known === undefined
      ? `There is no budget ${id} yet; its version is 0, not ${ifVersion}.`
      : `The budget ${id} is at version ${known.version}, not ${ifVersion}; ` +
        `look at it (ax budgets list --workspace ${workspace}) and set it again.`;
  throw new AppError({ code: 'conflict', message });
}

/** Stores the budget unless it is there just so. `forced`: the caller names the version, so that no other will do. */
async function storeBudget(
  api: ApiClient,
  path: string,
  { known, body, forced }: { known: Budget | undefined; body: BudgetBody; forced: boolean },
): Promise<Outcome> {
  if (known !== undefined && isDeepStrictEqual(bodyOf(known), body)) {
    return { budget: known, change: 'unchanged' };
  }
  try {
    const budget = await api.call<Budget>('PUT', path, { body, ifVersion: known?.version ?? 0 });
    return known === undefined
      ? { budget, change: 'made' }
      : { budget, change: 'changed', previous: known };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'conflict' || forced) throw error;
    // An answer that was lost on the way, or somebody who wants the same.
    const now = await findSetting<Budget>(api, path);
    if (now === undefined || !isDeepStrictEqual(bodyOf(now), body)) throw error;
    return { budget: now, change: 'unchanged' };
  }
}

function bodyOf({ id: _, version: _v, changedBy: _b, changedAt: _a, ...body }: Budget): BudgetBody {
  return body;
}

function describe(
  workspace: string,
  outcome: Outcome,
  channels: readonly Ensured[],
  hearers: string | undefined,
): string {
  const { budget, change } = outcome;
  const { id, limitUsd, period, timeZone, scope, version } = budget;
  const { thresholdsPercent, projectedThresholdsPercent } = budget;
  const what = `${dollars(limitUsd)} per ${describePeriod(period)} (${timeZone}), ${describeScope(scope)}`;
  const lines = [`Budget ${id} ${change} (version ${version}): ${what}.`];
  if (outcome.change === 'changed') lines.push(...describeChanges(outcome.previous, budget));
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
  const named = budget.channels ?? [];
  const told =
    hearers ?? `${named.join(', ')} ${named.length === 1 ? 'is' : 'are'} told, once per period`;
  lines.push(`  ${told}.`);
  if (change !== 'unchanged')
    lines.push('- What was spent already counts: it is being checked now.');
  const [first] = named;
  if (first !== undefined)
    lines.push(`- Try a channel: ax channels test ${first} --workspace ${workspace}`);
  lines.push(`- See where it stands: ax budgets status --workspace ${workspace}`);
  return lines.join('\n');
}
