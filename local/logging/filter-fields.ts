import { invalidArgument } from '../grpc/status.ts';
import type { LogEntry } from './entry.ts';
import { parseSeverity, SEVERITIES } from './severity.ts';
import { parseTime } from './time.ts';

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | ':';

/** Fields that every entry has, unset ones with a default. */
const SCALARS = new Set(['logName', 'insertId', 'trace', 'spanId', 'textPayload']);
const TIMES = new Set(['timestamp', 'receiveTimestamp']);
const OBJECTS = new Set([
  'resource',
  'labels',
  'jsonPayload',
  'httpRequest',
  'operation',
  'sourceLocation',
  'split',
]);

/**
 * The filter `path operator value`. Texts compare in any case; a field that an entry does not have compares with
 * nothing, not even by `!=`. Throws INVALID_ARGUMENT for fields that no entry has.
 */
export function comparison(
  path: string,
  operator: Operator,
  value: string,
): (entry: LogEntry) => boolean {
  const steps = [...path.matchAll(/"((?:[^"\\]|\\.)*)"|[^."]+/g)].map(
    ([bare, quoted]) => quoted?.replaceAll(/\\(.)/g, '$1') ?? bare,
  );
  const [field = ''] = steps;
  if (field === 'severity') return bySeverity(operator, value);
  if (TIMES.has(field)) return byTime(field as 'timestamp', operator, value);
  if (field === 'traceSampled') {
    return ({ traceSampled }) => holds(traceSampled ?? false, operator, value);
  }
  if (SCALARS.has(field) && steps.length === 1) {
    return (entry) => holds(entry[field as 'trace'] ?? '', operator, value);
  }
  if (!OBJECTS.has(field)) {
    throw invalidArgument(`Unparseable filter: unrecognized node at token '${path}'.`);
  }
  return (entry) => found(entry, steps).some((each) => holds(each, operator, value));
}

function bySeverity(operator: Operator, value: string): (entry: LogEntry) => boolean {
  const severity = parseSeverity(value);
  if (severity === undefined) {
    throw invalidArgument(`Unparseable filter: invalid severity value '${value}'.`);
  }
  const wanted = SEVERITIES[severity];
  return (entry) => ordered(SEVERITIES[entry.severity] - wanted, operator);
}

function byTime(
  field: 'timestamp' | 'receiveTimestamp',
  operator: Operator,
  value: string,
): (entry: LogEntry) => boolean {
  const wanted = parseTime(value);
  if (wanted === undefined) {
    throw invalidArgument(`Unparseable filter: invalid timestamp value '${value}'.`);
  }
  return (entry) => ordered(compare(entry[field], wanted), operator);
}

/** The values at a path; several where it leads through lists, none where it leads nowhere. */
function found(value: unknown, steps: readonly string[]): unknown[] {
  if (Array.isArray(value)) return value.flatMap((each) => found(each, steps));
  const [step, ...rest] = steps;
  if (step === undefined) return value === undefined || value === null ? [] : [value];
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return [];
  return found((value as Record<string, unknown>)[step], rest);
}

function holds(actual: unknown, operator: Operator, value: string): boolean {
  if (operator === ':') {
    if (value === '*') return actual !== '';
    return textOf(actual).toLowerCase().includes(value.toLowerCase());
  }
  if (typeof actual === 'object') return false;
  const number = Number(value);
  const numeric = value.trim() !== '' && !Number.isNaN(number) && actual !== '';
  const left = Number(actual);
  return numeric && !Number.isNaN(left) && typeof actual !== 'boolean'
    ? ordered(left - number, operator)
    : ordered(compare(textOf(actual).toLowerCase(), value.toLowerCase()), operator);
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function ordered(difference: number, operator: Operator): boolean {
  switch (operator) {
    case '<':
      return difference < 0;
    case '<=':
      return difference <= 0;
    case '>':
      return difference > 0;
    case '>=':
      return difference >= 0;
    case '!=':
      return difference !== 0;
    default:
      return difference === 0;
  }
}
