import { type Command, InvalidArgumentError } from 'commander';
import { WEEKDAYS } from '../core/periods.ts';
import { type TargetOptions, withTargets } from './channel-target.ts';
import type { BudgetBody, Scope } from './contract.ts';
import { invalidInput } from './exit.ts';
import {
  type ConnectionOptions,
  collectIds,
  parseAmount,
  parseCount,
  parseId,
  parseLine,
  parsePercents,
  parseWorkspace,
} from './options.ts';
import { stableId } from './stable-id.ts';

const DIMENSIONS = ['project', 'agent', 'model', 'provider', 'user', 'team'] as const;
const PERIODS = { daily: 'day', weekly: 'week', monthly: 'month' } as const;
type PeriodName = keyof typeof PERIODS;

/** What `ax budgets set` may be told. */
export type BudgetOptions = ConnectionOptions &
  TargetOptions &
  Partial<Record<PeriodName | (typeof DIMENSIONS)[number], string>> & {
    workspace: string;
    startsOn?: string;
    timeZone: string;
    thresholds: number[];
    projected?: number[];
    label?: { key: string; value: string };
    id?: string;
    name?: string;
    channel?: string[];
    ifVersion?: number;
  };

/** Adds the options of `BudgetOptions` that are about the budget and its channels. */
export function withBudget(command: Command): Command {
  command
    .requiredOption('-w, --workspace <id>', 'the workspace', parseWorkspace)
    .option('--daily <usd>', 'limit per day', parseAmount)
    .option('--weekly <usd>', 'limit per week', parseAmount)
    .option('--monthly <usd>', 'limit per month', parseAmount)
    .option('--starts-on <day>', 'first day of a month (1 to 31) or week (monday …)')
    .option('--time-zone <zone>', 'where a day begins, e.g. Europe/Berlin', 'UTC')
    .option(
      '--thresholds <percents>',
      'speak when spend reaches them',
      parsePercents,
      [50, 75, 90, 100],
    )
    .option('--projected <percents>', 'speak when the projected total reaches them', parsePercents);
  for (const dimension of DIMENSIONS) {
    command.option(`--${dimension} <value>`, `only the costs of this ${dimension}`, parseValue);
  }
  command
    .option('--label <key=value>', 'only costs with this label', parseLabel)
    .option('--id <id>', 'its id (default: from period and scope)', parseId)
    .option('--name <text>', 'what people call it', parseLine);
  return withTargets(command, { each: true })
    .option('--channel <id>', 'a channel that is there; may be given several times', collectIds)
    .option(
      '--if-version <n>',
      'only if it is at this version now (0: only if there is none)',
      parseCount,
    );
}

/**
 * The budget that the options ask for, with its id; `channels` are those that it will name. Throws `invalid_input` where
 * options contradict each other.
 */
export function wantedBudget(
  options: BudgetOptions,
  channels: readonly string[],
): { id: string; body: BudgetBody } {
  const { timeZone, thresholds, projected = [], name } = options;
  const { period, periodName, limitUsd } = periodOf(options);
  const scope = scopeOf(options);
  const body: BudgetBody = {
    ...(name !== undefined && { name }),
    scope,
    period,
    timeZone,
    limitUsd,
    thresholdsPercent: thresholds,
    projectedThresholdsPercent: projected,
    ...(channels.length > 0 && { channels: [...channels] }),
  };
  return { id: options.id ?? defaultId(periodName, scope), body };
}

function periodOf(options: BudgetOptions) {
  const names = (Object.keys(PERIODS) as PeriodName[]).filter(
    (name) => options[name] !== undefined,
  );
  const [periodName] = names;
  if (periodName === undefined || names.length > 1) {
    throw invalidInput('Give one limit: --daily, --weekly or --monthly <usd>.');
  }
  const every = PERIODS[periodName];
  const startsOn = startOf(every, options.startsOn?.toLowerCase());
  const period = startsOn === undefined ? { every } : { every, startsOn };
  return { period, periodName, limitUsd: options[periodName]! };
}

function startOf(every: 'day' | 'week' | 'month', given: string | undefined) {
  switch (every) {
    case 'day':
      if (given !== undefined) throw invalidInput('--starts-on is for --weekly and --monthly.');
      return undefined;
    case 'week': {
      const day = given ?? 'monday';
      if ((WEEKDAYS as readonly string[]).includes(day)) return day;
      throw invalidInput(`With --weekly, --starts-on is one of ${WEEKDAYS.join(', ')}.`);
    }
    case 'month': {
      const day = given ?? '1';
      if (/^\d{1,2}$/.test(day) && +day >= 1 && +day <= 31) return Number(day);
      throw invalidInput('With --monthly, --starts-on is a day of the month, 1 to 31.');
    }
  }
}

function scopeOf(options: BudgetOptions): Scope {
  const scopes: Scope[] = DIMENSIONS.flatMap((dimension) => {
    const value = options[dimension];
    return value === undefined ? [] : [{ dimension, value }];
  });
  if (options.label !== undefined) scopes.push({ dimension: 'label', ...options.label });
  if (scopes.length > 1) {
    throw invalidInput(`A budget has one scope: one of --${DIMENSIONS.join(', --')}, --label.`);
  }
  return scopes[0] ?? { dimension: 'workspace' };
}

function defaultId(periodName: PeriodName, scope: Scope): string {
  if ('key' in scope) return stableId([periodName, 'label', scope.key, scope.value], { open: 3 });
  if ('value' in scope) return stableId([periodName, scope.dimension, scope.value], { open: 2 });
  return periodName;
}

function parseValue(text: string): string {
  if (text !== '') return text;
  throw new InvalidArgumentError('It is empty.');
}

function parseLabel(text: string): { key: string; value: string } {
  const at = text.indexOf('=');
  if (at > 0 && at < text.length - 1) return { key: text.slice(0, at), value: text.slice(at + 1) };
  throw new InvalidArgumentError('Give a label as key=value.');
}
