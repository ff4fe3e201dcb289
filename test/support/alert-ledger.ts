import { readFileSync } from 'node:fs';
import type { InsertRow, QueryRequest } from '../../src/cloud/bigquery.ts';
import { parseUsd } from '../../src/core/money.ts';

type Row = Record<string, string | number | boolean | null | undefined>;
type Params = Record<string, unknown>;

const sqlOf = (name: string) =>
  readFileSync(new URL(`../../bigquery/queries/${name}.sql`, import.meta.url), 'utf8');

const ENDS: unknown[] = ['sent', 'parked', 'skipped'];

/**
 * The table `alert_events` in memory: takes inserts, and answers the queries of `bigquery/queries` about alerts as their SQL
 * says. `beforeInsert` and `beforeQuery` may hold a call up or fail it, `afterInsert` fails one whose rows are stored.
 */
export function createAlertLedger() {
  const rows: Row[] = [];
  const answers = new Map<string, (params: Params) => unknown[]>(
    Object.entries({
      alert_notices: notices,
      alert_list: list,
      alert_rows: history,
      alert_unfinished: unfinished,
    }).map(([name, answer]) => [sqlOf(name), answer]),
  );

  function notices({ workspaceId, from }: Params): unknown[] {
    const greatest = new Map<unknown, Row>();
    for (const row of since(workspaceId, from)) {
      if (row.event !== 'raised' || row.subject == null || row.amount_usd == null) continue;
      const known = greatest.get(row.subject);
      const amount = (one: Row) => parseUsd(String(one.amount_usd));
      if (known === undefined || amount(row) > amount(known)) greatest.set(row.subject, row);
    }
    return [...greatest.values()].map((row) => ({
      subject: row.subject,
      amountUsd: row.amount_usd,
      severity: row.severity,
      raisedAt: row.raised_at,
    }));
  }

  function list({ workspaceId, from, to, type, severity, pageSize }: Params): unknown[] {
    const first = new Map<unknown, Row>();
    for (const row of inOrder(since(workspaceId, from))) {
      if (row.event !== 'raised' || row.alert == null || String(row.event_at) >= String(to))
        continue;
      if (type !== '' && row.type !== type) continue;
      if (severity !== '' && row.severity !== severity) continue;
      if (!first.has(row.alert_id)) first.set(row.alert_id, row);
    }
    return inOrder([...first.values()])
      .reverse()
      .slice(0, pageSize as number)
      .map((row) => ({ alertId: row.alert_id, alert: row.alert }));
  }

  function history({ workspaceId, from, alertIds }: Params): unknown[] {
    const ids = alertIds as unknown[];
    return inOrder(since(workspaceId, from))
      .filter((row) => ids.length === 0 || ids.includes(row.alert_id))
      .map((row) => ({
        happenedAt: row.event_at,
        event: row.event,
        alertId: row.alert_id,
        raisedAt: row.raised_at,
        channelScope: row.channel_scope ?? null,
        channelId: row.channel_id ?? null,
        channelKind: row.channel_kind ?? null,
        attempt: row.attempt ?? null,
        ambiguous: row.ambiguous ?? null,
        nextAttemptAt: row.next_attempt_at ?? null,
        detail: row.detail ?? null,
        alert: row.alert ?? null,
      }));
  }

  function unfinished({ from, raisedBefore }: Params): unknown[] {
    const found = new Set<string>();
    const recent = rows.filter((row) => String(row.event_at) >= String(from));
    for (const row of recent) {
      const same = recent.filter(
        (one) => one.workspace_id === row.workspace_id && one.alert_id === row.alert_id,
      );
      const ofChannel = same.filter(
        (one) =>
          one.channel_scope === row.channel_scope &&
          one.channel_id === row.channel_id &&
          one.event !== 'raised',
      );
      const open = row.event !== 'raised' && !ofChannel.some((one) => ENDS.includes(one.event));
      const overdue =
        same.every((one) => one.event === 'raised') &&
        same.some((one) => String(one.event_at) < String(raisedBefore));
      if (open || overdue) found.add(String(row.workspace_id));
    }
    return [...found].sort().map((workspaceId) => ({ workspaceId }));
  }

  function since(workspaceId: unknown, from: unknown): Row[] {
    return rows.filter(
      (row) => row.workspace_id === workspaceId && String(row.event_at) >= String(from),
    );
  }

  const ledger = {
    rows,
    beforeInsert: async (_rows: readonly InsertRow[]): Promise<void> => {},
    afterInsert: async (_rows: readonly InsertRow[]): Promise<void> => {},
    beforeQuery: async (_request: QueryRequest): Promise<void> => {},
    async insert(table: string, inserted: readonly InsertRow[]) {
      if (table !== 'alert_events') throw new Error(`No table ${table}`);
      await ledger.beforeInsert(inserted);
      // What arrives is what JSON keeps.
      for (const { json } of inserted) rows.push(JSON.parse(JSON.stringify(json)));
      await ledger.afterInsert(inserted);
      return { kind: 'ok' as const };
    },
    async query<T>(request: QueryRequest): Promise<T[]> {
      const answer = answers.get(request.sql);
      if (answer === undefined) throw new Error(`Not a query known here: ${request.sql}`);
      await ledger.beforeQuery(request);
      return answer(request.params ?? {}) as T[];
    },
  };
  return ledger;
}

export type AlertLedger = ReturnType<typeof createAlertLedger>;

function inOrder(rows: readonly Row[]): Row[] {
  return rows.toSorted((a, b) => (String(a.event_at) < String(b.event_at) ? -1 : 1));
}
