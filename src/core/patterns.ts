import { EVENT_ID_PATTERN, NAME_PATTERN, SECRET_NAME_PATTERN } from './ids.ts';

/** A line of text for people, so that it fits a mail's subject. */
export const LINE_PATTERN = '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*$';

/** A limit in USD. */
export const LIMIT_USD_PATTERN = '^(?!0+(\\.0+)?$)\\d{1,9}(\\.\\d{1,9})?$';

/** USD per million tokens. */
export const TOKEN_PRICE_PATTERN = '^\\d{1,12}(\\.\\d{1,18})?$';

/** A cost in USD, seconds, bytes. */
export const DECIMAL_PATTERN = '^\\d{1,20}(\\.\\d{1,9})?$';

/** The version of a setting in If-Match. */
export const VERSION_PATTERN = '^"?\\d{1,9}"?$';

export const TRACE_ID_PATTERN = '^[0-9a-f]{32}$';
export const SPAN_ID_PATTERN = '^[0-9a-f]{16}$';
export const SHA256_PATTERN = '^[0-9a-f]{64}$';

const NAME_WORDS = 'must be 1 to 128 letters, digits, ".", "_" or "-", the first a letter or digit';

/** What each pattern that an input is held to says, for whoever sent it. */
const WORDS: ReadonlyMap<string, string> = new Map([
  [NAME_PATTERN, NAME_WORDS],
  [EVENT_ID_PATTERN, 'must be 1 to 64 letters, digits, "_" or "-"'],
  [
    SECRET_NAME_PATTERN,
    'must be the name of a secret (at most 64 letters, digits and "_", the first a letter), not its value',
  ],
  [LINE_PATTERN, 'must be one line of text, without line breaks or control characters'],
  [
    LIMIT_USD_PATTERN,
    'must be a decimal amount in USD, more than 0 and below 1,000,000,000, with at most 9 decimals',
  ],
  [
    TOKEN_PRICE_PATTERN,
    'must be a decimal amount in USD per million tokens, 0 or more, with at most 18 decimals',
  ],
  [DECIMAL_PATTERN, 'must be a decimal, 0 or more, with at most 20 digits and 9 decimals'],
  [VERSION_PATTERN, 'must be a version, such as "3"'],
  [TRACE_ID_PATTERN, 'must be a W3C trace id: 32 hexadecimal digits in lower case'],
  [SPAN_ID_PATTERN, 'must be a W3C span id: 16 hexadecimal digits in lower case'],
  [SHA256_PATTERN, 'must be 64 hexadecimal digits in lower case'],
]);

/** What a pattern asks for, in words; of one that has none only that it is not kept to, never the pattern itself. */
export function patternWords(pattern: string): string {
  return WORDS.get(pattern) ?? 'is not written as it has to be';
}
