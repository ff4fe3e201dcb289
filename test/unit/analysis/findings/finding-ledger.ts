import type { InsertRow, QueryRequest } from '../../../../src/cloud/bigquery.ts';
import { readQuery } from '../../../../src/cloud/query-file.ts';

type Row = Record<string, unknown>;

/** The table `findings` in memory: takes inserts, and answers findings_of_kinds.sql as its SQL says. */
export function createFindingLedger() {
  const rows: Row[] = [];
  const hooks = { beforeInsert: async (): Promise<void> => {} };

  /** The view `finding_states`. */
  function states(): Row[] {
    const latest = new Map<string, Row>();
    for (const row of rows) {
      const key = JSON.stringify([row.workspace_id, row.finding_id]);
      const known = latest.get(key);
      if (known === undefined || rank(row) > rank(known)) latest.set(key, row);
    }
    return [...latest.values()];
  }

  return {
    rows,
    hooks,
    async insert(_table: string, inserts: readonly InsertRow[]) {
      await hooks.beforeInsert();
      rows.push(...inserts.map(({ json }) => json));
      return { kind: 'ok' as const };
    },
    async query<T>({ sql, params = {} }: QueryRequest): Promise<T[]> {
      if (sql !== readQuery('findings_of_kinds')) throw new Error('not a query of findings');
      const { kinds, workspaceId, from, to, earliest, status } = params as Record<string, string>;
      const { severity, limit } = params as { severity: string | null; limit: number | null };
      return states()
        .filter((row) => (kinds as unknown as string[]).includes(String(row.kind)))
        .filter((row) => workspaceId === null || row.workspace_id === workspaceId)
        .filter((row) => String(row.since) >= earliest! && String(row.since) < to!)
        .filter((row) => row.until === undefined || (row.until as string) > from!)
        .filter((row) => status === null || (row.event === 'closed') === (status === 'closed'))
        .filter((row) => severity === null || row.severity === severity)
        .sort((a, b) => (String(a.since) < String(b.since) ? -1 : 1))
        .slice(limit === null ? 0 : -limit)
        .map((row) => ({
          workspaceId: row.workspace_id,
          id: row.finding_id,
          impactUsd: row.impact_usd ?? null,
          recordedAt: row.recorded_at,
          ...row,
          until: row.until ?? null,
          score: row.score ?? null,
        })) as T[];
    },
  };
}

const EVENTS = ['opened', 'seen', 'closed'];

function rank({ event, recorded_at }: Row): string {
  return `${event === 'closed' ? 1 : 0} ${String(recorded_at)} ${EVENTS.indexOf(String(event))}`;
}
