import type { Warehouse } from '../../cloud/bigquery.ts';
import { readQuery } from '../../cloud/query-file.ts';
import { formatInstant, parseInstant } from '../../core/time.ts';
import { causeOf, KNOWN_CAUSES, type KnownCause } from './known-causes.ts';

/** Whether errors of a template came only now, at least twice as often as before, or as before. */
export type Trend = 'new' | 'rising' | 'steady';

/** The errors of one template, of the platform or of one workspace. */
export type ErrorPattern = {
  /** `''`: of all workspaces together, and of none. */
  workspaceId: string;
  /** Of the template: the same in every run. */
  id: string;
  /** The message's first line with `<*>` for what varies. */
  template: string;
  /** The worst among them: ERROR, CRITICAL, ALERT or EMERGENCY. */
  severity: string;
  /** Since `sinceMs`. */
  count: number;
  /** In the period before. */
  countBefore: number;
  /** `countBefore` in proportion to the lengths of the two periods. */
  expected: number;
  trend: Trend;
  /** Epoch ms, within the whole period. */
  firstSeenMs: number;
  lastSeenMs: number;
  /** At most 20 of each, in alphabetical order, within the whole period. */
  services: string[];
  versions: string[];
  workspaces: string[];
  workspaceCount: number;
  /** The latest message of the worst severity, at most 2,000 characters, and its trace (`projects/P/traces/ID`). */
  sample: string;
  sampleTrace: string | undefined;
  /** Undefined: not known. */
  suggestion: { causeId: string; cause: string; fix: string } | undefined;
};

/** What is looked at: from `sinceMs` to `toMs` (exclusive), compared with what was before it, from `fromMs` on. Epoch ms. */
export type PatternPeriod = { fromMs: number; sinceMs: number; toMs: number };

type Row = Omit<ErrorPattern, 'firstSeenMs' | 'lastSeenMs' | 'sampleTrace' | 'suggestion'> & {
  firstSeen: string;
  lastSeen: string;
  sampleTrace: string | null;
};

/** `severity_number` of ERROR. */
const ERROR = 500;
const SQL = readQuery('error_patterns');

/**
 * The errors logged from `sinceMs` to `toMs` (exclusive), by template (`bigquery/queries/error_patterns.sql`), compared with
 * those from `fromMs` to `sinceMs`; the platform's first, then each workspace's by falling count. Which words of messages vary
 * is told by all messages of the period, so a template may be a wider one in another period. Reads only. Throws
 * `warehouse_failed`.
 */
export async function findErrorPatterns(
  warehouse: Pick<Warehouse, 'query'>,
  period: PatternPeriod,
  causes: readonly KnownCause[] = KNOWN_CAUSES,
  /** Absent: of all, and of the platform; `''`: of the platform; else of one workspace, made of its own entries only. */
  workspaceId?: string,
): Promise<ErrorPattern[]> {
  const rows = await warehouse.query<Row>({
    sql: SQL,
    params: {
      from: formatInstant(period.fromMs),
      since: formatInstant(period.sinceMs),
      to: formatInstant(period.toMs),
      minimumSeverity: ERROR,
      workspaceId: workspaceId ?? null,
    },
    types: {
      from: 'TIMESTAMP',
      since: 'TIMESTAMP',
      to: 'TIMESTAMP',
      minimumSeverity: 'INT64',
      workspaceId: 'STRING',
    },
  });
  return rows.map((row) => toPattern(row, causes));
}

function toPattern(
  { firstSeen, lastSeen, sampleTrace, ...row }: Row,
  causes: readonly KnownCause[],
): ErrorPattern {
  const known = causeOf(row.template, causes);
  return {
    ...row,
    firstSeenMs: parseInstant(firstSeen)!,
    lastSeenMs: parseInstant(lastSeen)!,
    sampleTrace: sampleTrace ?? undefined,
    suggestion: known && { causeId: known.id, cause: known.cause, fix: known.fix },
  };
}
