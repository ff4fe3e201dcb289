import { readFileSync } from 'node:fs';
import type { Alert } from '../../../src/alerts/alert.ts';
import { createNotices } from '../../../src/alerts/notices.ts';
import { createAlerts } from '../../../src/alerts/raise.ts';
import { createBudgetCheck } from '../../../src/budgets/check.ts';
import { listBudgetMeters } from '../../../src/budgets/meters.ts';
import type { Recommend } from '../../../src/budgets/recommendations.ts';
import type { InsertRow, QueryRequest } from '../../../src/cloud/bigquery.ts';
import type { Redis } from '../../../src/cloud/redis.ts';
import { parseUsd } from '../../../src/core/money.ts';
import type { CostEvent } from '../../../src/costs/event.ts';
import { createLedger } from '../../../src/costs/ledger.ts';
import { createMeterReader } from '../../../src/costs/rollups/meter-reader.ts';
import { createRebuild } from '../../../src/costs/rollups/rebuild.ts';
import { createRollups } from '../../../src/costs/rollups/rollups.ts';
import type { Setting, SettingKind } from '../../../src/settings/kinds.ts';
import { entryOf } from '../../support/cost-model.ts';
import { costEvent } from '../../support/events.ts';
import { createMemoryWarehouse } from '../../support/memory-warehouse.ts';

/** The middle of a month that Redis, which keeps its own clock, has not seen the end of. */
export const MID_MONTH = Date.parse('2036-11-16T00:00:00Z');

const NOTICES_SQL = readFileSync(
  new URL('../../../bigquery/queries/alert_notices.sql', import.meta.url),
  'utf8',
);

/** The rooms that a check of budgets needs, all of them real but the warehouse, the topic and the settings. */
export function createWorld(redis: Redis, options: { recommend?: Recommend } = {}) {
  const clock = { ms: MID_MONTH };
  const now = () => clock.ms;
  const memory = createMemoryWarehouse();
  const alertRows: Record<string, unknown>[] = [];
  const published: Alert[] = [];
  const settingsOf = new Map<string, Setting[]>();
  const hooks = {
    beforePublish: async (_alert: Alert): Promise<void> => {},
    beforeSettings: async (_workspaceId: string): Promise<void> => {},
  };

  const warehouse = {
    ...memory,
    async insert(table: string, rows: readonly InsertRow[]) {
      if (table !== 'alert_events') return memory.insert(table, rows);
      alertRows.push(...rows.map(({ json }) => json));
      return { kind: 'ok' as const };
    },
    async query<T>(request: QueryRequest): Promise<T[]> {
      if (request.sql !== NOTICES_SQL) return memory.query<T>(request);
      const rows = alertRows.filter(
        (row) =>
          row.workspace_id === request.params?.workspaceId &&
          row.event === 'raised' &&
          row.subject !== undefined,
      );
      const last = new Map<unknown, unknown>();
      const amountOf = (row: Record<string, unknown>) => parseUsd(String(row.amount_usd));
      for (const row of rows.sort((a, b) => (amountOf(a) < amountOf(b) ? -1 : 1))) {
        const { subject, amount_usd: amountUsd, severity, raised_at: raisedAt } = row;
        last.set(subject, { subject, amountUsd, severity, raisedAt });
      }
      return [...last.values()] as T[];
    },
  };
  const settings = {
    async list<K extends SettingKind>(kind: K, scope: string): Promise<Setting<K>[]> {
      await hooks.beforeSettings(scope);
      return (settingsOf.get(`${kind}/${scope}`) ?? []) as Setting<K>[];
    },
    async get<K extends SettingKind>(kind: K, scope: string, id: string) {
      const all = (settingsOf.get(`${kind}/${scope}`) ?? []) as Setting<K>[];
      return all.find((setting) => setting.id === id);
    },
    async scopes(kind: SettingKind): Promise<string[]> {
      const keys = [...settingsOf].filter(([, all]) => all.length > 0).map(([key]) => key);
      return keys.filter((key) => key.startsWith(`${kind}/`)).map((key) => key.split('/')[1]!);
    },
  };
  const rebuild = createRebuild({
    redis,
    warehouse,
    meters: (workspaceId) => listBudgetMeters(settings, workspaceId, { fresh: true }),
    dedupeWindowHours: 48,
    now,
  });
  const rollups = createRollups({ redis, rebuild, dedupeWindowHours: 48, now });
  const ledger = createLedger({ warehouse, now });
  const meters = createMeterReader({ redis, rebuild });
  const notices = createNotices({ redis, warehouse, now });
  const publisher = {
    async publish(data: Buffer): Promise<string> {
      const alert = JSON.parse(data.toString()) as Alert;
      await hooks.beforePublish(alert);
      published.push(alert);
      return String(published.length);
    },
  };
  const recommend = options.recommend ?? (async () => []);
  const parts = {
    settings,
    redis,
    meters,
    rebuild,
    notices,
    alerts: createAlerts({ warehouse, publisher, notices }),
    recommend,
    now,
  };

  let serial = 0;
  return {
    ...parts,
    clock,
    hooks,
    published,
    alertRows,
    warehouse,
    check: createBudgetCheck(parts),
    /** The same on another instance, with parts of its own. */
    checkWith: (others: Partial<Parameters<typeof createBudgetCheck>[0]>) =>
      createBudgetCheck({ ...parts, ...others }),
    put(kind: SettingKind, scope: string, ...all: Setting[]) {
      settingsOf.set(`${kind}/${scope}`, all);
    },
    /** Has an event counted as ingest would. */
    async spend(costUsd: string, event: Partial<CostEvent> = {}) {
      const timestamp = new Date(clock.ms).toISOString();
      const made = costEvent({ id: `e${serial++}`, timestamp, ...event });
      const entry = entryOf(made, { costNanoUsd: parseUsd(costUsd) });
      await ledger.append([entry]);
      return rollups.apply(made.workspaceId, [entry]);
    },
  };
}
