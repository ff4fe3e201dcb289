import { type Command, InvalidArgumentError, Option } from 'commander';
import { NAME_PATTERN } from '../core/ids.ts';
import { parseDecimal } from '../core/money.ts';
import { formatInstant, parseInstant } from '../core/time.ts';

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
