import { hash } from 'node:crypto';
import type { Severity } from '../../alerts/alert.ts';
import type { InsertRow, Warehouse } from '../../cloud/bigquery.ts';
import { readQuery } from '../../cloud/query-file.ts';
import { AppError } from '../../core/errors.ts';
import { formatUsd, parseUsd } from '../../core/money.ts';
import { DAY_MS, formatInstant, parseInstant } from '../../core/time.ts';
import type { Ended, FindingKind, FindingState, Found } from './finding.ts';

/** Something that happened to a finding, as it is appended. */
export type FindingRow =
  | { event: 'opened' | 'seen'; id: string; found: Found }
  | { event: 'closed'; state: FindingState; ended: Ended };

/** A finding that has been open for longer is forgotten, and found anew where it still is so. */
export const LONGEST_OPEN_MS = 100 * DAY_MS;

const TABLE = 'findings';
const SQL = readQuery('findings_of_kinds');

type StateRow = {
  workspaceId: string;
  id: string;
  kind: FindingKind;
  subject: string;
  event: 'opened' | 'seen' | 'closed';
  since: string;
  until: string | null;
  severity: Severity;
  title: string;
  sentence: string;
  impactUsd: string | null;
  score: number | null;
  details: string;
  recordedAt: string;
};

/**
 * The append-only record of findings in BigQuery. Appending the same again may store a row twice, which readers do not
 * see. Throws `warehouse_failed` (retryable) when BigQuery does not answer.
 */
export function createFindingLog(warehouse: Pick<Warehouse, 'query' | 'insert'>) {
  return {
    /** Records what happened, all in one request, in the name of a run. */
    async append(runId: string, rows: readonly FindingRow[], nowMs: number): Promise<void> {
      if (rows.length === 0) return;
      const result = await warehouse.insert(
        TABLE,
        rows.map((row) => toInsertRow(runId, row, nowMs)),
      );
      if (result.kind === 'ok') return;
      const [error] = result.errors;
      throw new AppError({
        code: 'finding_log_refused',
        message: `${TABLE} refused a row: ${error?.reason} ${error?.location} ${error?.message}`,
        publicMessage: 'The finding could not be recorded.',
        retryable: error?.reason !== 'invalid',
      });
    },

    /** Findings as they stand that were there at some time in `[fromMs, toMs)`, oldest first; of a `limit` those that began last. */
    async states(query: {
      kinds: readonly FindingKind[];
      /** Absent: all workspaces. */
      workspaceId?: string | undefined;
      fromMs: number;
      toMs: number;
      /** Absent: both. */
      status?: FindingState['status'] | undefined;
      /** Absent: every one. */
      severity?: Severity | undefined;
      /** Absent: all. */
      limit?: number | undefined;
    }): Promise<FindingState[]> {
      const { kinds, workspaceId, fromMs, toMs, status, severity, limit } = query;
      const rows = await warehouse.query<StateRow>({
        sql: SQL,
        params: {
          kinds: [...kinds],
          workspaceId: workspaceId ?? null,
          from: formatInstant(fromMs),
          to: formatInstant(toMs),
          earliest: formatInstant(fromMs - LONGEST_OPEN_MS),
          status: status ?? null,
          severity: severity ?? null,
          limit: limit ?? null,
        },
        types: {
          kinds: ['STRING'],
          workspaceId: 'STRING',
          from: 'TIMESTAMP',
          to: 'TIMESTAMP',
          earliest: 'TIMESTAMP',
          status: 'STRING',
          severity: 'STRING',
          limit: 'INT64',
        },
      });
      return rows.map(toState);
    },
  };
}

function toInsertRow(runId: string, row: FindingRow, nowMs: number): InsertRow {
  const about = row.event === 'closed' ? row.state : row.found;
  const id = row.event === 'closed' ? row.state.id : row.id;
  const details =
    row.event === 'closed'
      ? { ...about.details, ...row.ended.details, reason: row.ended.reason }
      : about.details;
  return {
    insertId: hash(
      'sha256',
      JSON.stringify([about.workspaceId, id, row.event, runId]),
      'base64url',
    ),
    json: {
      workspace_id: about.workspaceId,
      finding_id: id,
      kind: about.kind,
      subject: about.subject,
      event: row.event,
      since: formatInstant(about.sinceMs),
      until: row.event === 'closed' ? formatInstant(row.ended.untilMs) : undefined,
      severity: about.severity,
      title: about.title,
      sentence: about.sentence,
      impact_usd: about.impactNanoUsd === undefined ? undefined : formatUsd(about.impactNanoUsd),
      score: about.score,
      details: JSON.stringify(details),
      run_id: runId,
      recorded_at: formatInstant(nowMs),
    },
  };
}

function toState(row: StateRow): FindingState {
  const { workspaceId, id, kind, subject, severity, title, sentence } = row;
  return {
    ...{ workspaceId, id, kind, subject, severity, title, sentence },
    sinceMs: parseInstant(row.since)!,
    status: row.event === 'closed' ? 'closed' : 'open',
    ...(row.until !== null && { untilMs: parseInstant(row.until)! }),
    ...(row.impactUsd !== null && { impactNanoUsd: parseUsd(row.impactUsd) }),
    ...(row.score !== null && { score: row.score }),
    details: JSON.parse(row.details) as Record<string, unknown>,
    recordedAtMs: parseInstant(row.recordedAt)!,
  };
}
