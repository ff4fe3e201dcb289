/** JSON.parse and friends as Node 24 has them; the type library does not know them yet. */
type RawJson = { rawJSON: (text: string) => unknown; isRawJSON: (value: unknown) => boolean };
const { rawJSON, isRawJSON } = JSON as unknown as RawJson;

const MIN_INT64 = -(2n ** 63n);
const MAX_UINT64 = 2n ** 64n - 1n;

/** A double as C's `%.15g` or, where that loses something, `%.17g` prints it. */
function shortestG(value: number): string {
  const digits = Number(value.toPrecision(15)) === value ? 15 : 17;
  const [mantissa, exponent] = value.toExponential(digits - 1).split('e');
  const power = Number(exponent);
  const trimmed = mantissa!.replace(/\.?0+$/, '');
  if (power < -4 || power >= digits) {
    return `${trimmed}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  }
  return value.toFixed(Math.max(0, trimmed.replace(/[-.]/g, '').length - 1 - power));
}

/** A JSON number as BigQuery keeps it: a 64-bit integer as it is, anything else as a double with a point. */
function numberText(source: string): string {
  if (/^-?\d+$/.test(source)) {
    const integer = BigInt(source);
    if (integer >= MIN_INT64 && integer <= MAX_UINT64) return String(integer);
  }
  const text = shortestG(Number(source));
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawJSON(value);
}

/** JSON.parse with every number handed to `convert` as it is written. */
export function parseWithNumbers(text: string, convert: (source: string) => unknown): unknown {
  const revive = (_key: string, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' ? convert(context?.source ?? String(value)) : value;
  return JSON.parse(text, revive as (key: string, value: unknown) => unknown);
}

/**
 * A JSON document as BigQuery's JSON type keeps it: no white space, keys sorted, 64-bit integers exact. Throws
 * SyntaxError for what is no JSON.
 */
export function canonicalJson(text: string): string {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted);
    if (!isObject(value)) return value;
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
  };
  return formatJson(sorted(parseWithNumbers(text, (source) => rawJSON(numberText(source)))));
}

/** JSON text of a value that may hold bigints. */
export function formatJson(value: unknown): string {
  const text = JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'bigint' ? rawJSON(String(inner)) : inner,
  );
  return text.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}
