import type { FieldError } from '../../src/core/errors.ts';
import { parseInstant } from '../../src/core/time.ts';
import { invalidArgument } from './errors.ts';

/** BigQuery holds no later instants; a zone west of UTC leads to them. */
const YEAR_10000_MS = Date.UTC(10_000, 0);

/**
 * The period that a request names, epoch ms, half open; an end that it leaves out is undefined. Throws `invalid_argument`
 * with every field at fault. Pure.
 */
export function parsePeriod({ from, to }: { from?: string | undefined; to?: string | undefined }) {
  const errors: FieldError[] = [];
  const parse = (field: string, text: string | undefined) => {
    if (text === undefined) return undefined;
    const ms = parseInstant(text);
    if (ms === undefined) {
      errors.push({ field, reason: 'must be an RFC 3339 instant with a zone' });
    } else if (ms >= YEAR_10000_MS) {
      errors.push({ field, reason: 'must lie before the year 10000 (UTC)' });
    }
    return ms;
  };
  const period = { from: parse('from', from), to: parse('to', to) };
  if (period.from !== undefined && period.to !== undefined && period.to <= period.from) {
    errors.push({ field: 'to', reason: 'must lie after from' });
  }
  if (errors.length > 0) throw invalidArgument('The period is not valid.', errors);
  return period;
}
