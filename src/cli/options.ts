import { type Command, InvalidArgumentError, Option } from 'commander';
import { NAME_PATTERN, SECRET_NAME_PATTERN } from '../core/ids.ts';
import { parseDecimal } from '../core/money.ts';
import { LIMIT_USD_PATTERN, LINE_PATTERN, patternWords } from '../core/patterns.ts';
import { formatInstant, parseInstant } from '../core/time.ts';
import { workspacePath } from './api.ts';
import { invalidInput } from './exit.ts';

/** Options every command that talks to the API has. */
export type ConnectionOptions = { api?: string; key?: string; json?: boolean };

/** Adds `--api`, `--key` and `--json` to a command. */
export function withConnection(command: Command): Command {
  return command
    .addOption(
      new Option('--api <url>', 'address of the API (else AX_API_URL, else the local cloud)'),
    )
    .addOption(new Option('--key <key>', 'API key (else AX_API_KEY, else the local cloud’s)'))
    .option('--json', 'print exactly one JSON document on stdout');
}

const MAX_LINE = 128;

/** A workspace id; the commander way of refusing what cannot be one. */
export function parseWorkspace(text: string): string {
  if (!new RegExp(NAME_PATTERN).test(text)) {
    throw new InvalidArgumentError(
      'A workspace id is 1 to 128 letters, digits, ".", "_" or "-", and starts with a letter or digit.',
    );
  }
  return text;
}

/** An instant (RFC 3339 with zone) or a UTC date, as an RFC 3339 text; `now` is left to the caller. */
export function parseTime(text: string): string {
  const instant = parseInstant(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
  if (instant === undefined) {
    throw new InvalidArgumentError(
      'Give a time with its zone, such as 2026-11-20T12:00:00Z, or a UTC date, such as 2026-11-20.',
    );
  }
  return formatInstant(instant);
}

/** A whole number ≥ 0 that a JSON number holds exactly. */
export function parseCount(text: string): number {
  const value = Number(text);
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError('Give a whole number, 0 or more.');
  }
  return value;
}

/** A whole number ≥ 1. */
export function parsePositive(text: string): number {
  const value = parseCount(text);
  if (value === 0) throw new InvalidArgumentError('Give a whole number, 1 or more.');
  return value;
}

/** A price in USD as a plain decimal text ≥ 0, passed on as it is. */
export function parsePrice(text: string): string {
  try {
    if (parseDecimal(text, 18) >= 0n) return text;
  } catch {
    // Refused below, in words for this option.
  }
  throw new InvalidArgumentError(
    'Give USD per million tokens as a plain decimal, such as 2.5 (0 or more, at most 18 decimals).',
  );
}

/** What belongs to one workspace or to the platform. */
export type ScopeOptions = ConnectionOptions & { workspace?: string; global?: boolean };

/** Adds `--workspace` and `--global`; `requireScope` sees to it that one of them is given. */
export function withScope(
  command: Command,
  everybody: string,
  workspace = 'the workspace it belongs to',
): Command {
  return command
    .option('-w, --workspace <id>', workspace, parseWorkspace)
    .option('--global', everybody);
}

/** Throws unless exactly one of `--workspace` and `--global` is given. */
export function requireScope({ workspace, global }: ScopeOptions): void {
  if ((workspace === undefined) === (global !== true)) {
    throw invalidInput('Say for whom: either --workspace <id> or --global.');
  }
}

/** The path below the workspace, or below the platform. */
export function scopePath({ workspace }: ScopeOptions, ...below: string[]): string {
  const path = below.map(encodeURIComponent).join('/');
  return workspace === undefined ? `/v1/${path}` : workspacePath(workspace, path);
}

/** The id of a setting. */
export function parseId(text: string): string {
  if (!new RegExp(NAME_PATTERN).test(text)) {
    throw new InvalidArgumentError(
      'An id is 1 to 128 letters, digits, ".", "_" or "-", and starts with a letter or digit.',
    );
  }
  return text;
}

/** For options that may be given several times. */
export function collect(text: string, earlier: readonly string[] = []): string[] {
  return [...earlier, text];
}

/** As `collect`, for ids. */
export function collectIds(text: string, earlier?: readonly string[]): string[] {
  return collect(parseId(text), earlier);
}

/** The limit of a budget in USD, as the text it is. */
export function parseAmount(text: string): string {
  if (new RegExp(LIMIT_USD_PATTERN).test(text)) return text;
  throw new InvalidArgumentError(
    'Give US dollars as a plain decimal, such as 5 or 0.25 (more than 0, below 1,000,000,000, at most 9 decimals).',
  );
}

/** What people call something. */
export function parseLine(text: string): string {
  if (text !== '' && text.length <= MAX_LINE && new RegExp(LINE_PATTERN).test(text)) return text;
  throw new InvalidArgumentError(`Give one line of text, 1 to ${MAX_LINE} characters.`);
}

/** The name of a secret; what is none may be the secret itself, and is not repeated. */
export function parseSecretName(text: string): string {
  if (new RegExp(SECRET_NAME_PATTERN).test(text)) return text;
  throw invalidInput(
    `What --slack and --signing-secret are given ${patternWords(SECRET_NAME_PATTERN)}.`,
  );
}

/** As `collect`, for the names of secrets. */
export function collectSecretNames(text: string, earlier?: readonly string[]): string[] {
  return collect(parseSecretName(text), earlier);
}

/** Percents with commas between, ascending, each once. */
export function parsePercents(text: string): number[] {
  const percents = text.split(',').map((part) => part.trim().replace(/%$/, ''));
  if (percents.some((part) => !/^\d{1,4}$/.test(part) || +part < 1 || +part > 1_000)) {
    throw new InvalidArgumentError('Give whole percents from 1 to 1000, such as 50,75,90,100.');
  }
  return [...new Set(percents.map(Number))].sort((a, b) => a - b);
}
