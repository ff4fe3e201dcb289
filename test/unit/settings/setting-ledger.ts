import type { InsertRow, QueryRequest } from '../../../src/cloud/bigquery.ts';

type Row = Record<string, string | number | boolean | null>;

/**
 * The table `setting_versions` in memory, answering `queries/setting_current.sql` as BigQuery would. `delayMs` lets
 * every call take a while, so that writers meet; `beforeInsert` and `beforeAnswer` may hold a call up or fail it.
 */
export function createSettingLedger(options: { delayMs?: number } = {}) {
  const rows: Row[] = [];
  let queries = 0;
  const pause = () => new Promise((resolve) => setTimeout(resolve, options.delayMs ?? 0));
  const ledger = {
    rows,
    available: true,
    beforeInsert: async (_row: Row): Promise<void> => {},
    beforeAnswer: async (): Promise<void> => {},
    get queries() {
      return queries;
    },
    async insert(table: string, inserted: readonly InsertRow[]) {
      if (table !== 'setting_versions') throw new Error(`No table ${table}`);
      await pause();
      if (!ledger.available) throw new Error('BigQuery is away');
      for (const { json } of inserted) {
        await ledger.beforeInsert(json as Row);
        rows.push(json as Row);
      }
      return { kind: 'ok' as const };
    },
    async query<T>({ params }: QueryRequest): Promise<T[]> {
      queries += 1;
      await pause();
      if (!ledger.available) throw new Error('BigQuery is away');
      const newest = new Map<unknown, Row>();
      for (const row of rows) {
        if (row.kind !== params?.kind || row.scope !== params?.scope) continue;
        const known = newest.get(row.id);
        if (known === undefined || precedes(row, known)) newest.set(row.id, row);
      }
      await ledger.beforeAnswer();
      return [...newest.values()].map((row) => ({ ...row })) as T[];
    },
  };
  return ledger;
}

function precedes(a: Row, b: Row): boolean {
  if (a.version !== b.version) return Number(a.version) > Number(b.version);
  if (a.changed_at !== b.changed_at) return String(a.changed_at) > String(b.changed_at);
  return String(a.write_id) > String(b.write_id);
}
