import { readFileSync } from 'node:fs';
import type { Warehouse } from '../cloud/bigquery.ts';
import { DAY_MS, formatInstant } from '../core/time.ts';
import type { Alert, AlertType, Severity } from './alert.ts';
import { type AlertRow, createAlertLog, type DeliveryEvent } from './alert-log.ts';
import { foldDeliveries, type RecordedDelivery } from './delivery-state.ts';

/** Where an alert stands with one channel. `attempts` and `ambiguous` are counts, times RFC 3339. */
export type DeliveryRecord = {
  channelScope: string;
  channelId: string;
  channelKind?: string;
  status: DeliveryEvent;
  attempts: number;
  /** How many attempts may have repeated a message that had arrived. */
  ambiguous: number;
  lastAt: string;
  nextAttemptAt?: string;
  /** Why it failed, was parked or skipped. */
  detail?: string;
};

/** An alert with where it went. Without deliveries it waits, or `nobodyBecause` says why no channel takes it. */
export type AlertRecord = Alert & { deliveries: DeliveryRecord[]; nobodyBecause?: string };

/** One row of an alert's history. */
export type AlertAttempt = {
  at: string;
  event: AlertRow['event'];
  channelScope?: string;
  channelId?: string;
  attempt?: number;
  ambiguous?: boolean;
  detail?: string;
};

/** An alert with every step of its way, oldest first. */
export type AlertDetail = AlertRecord & { attempts: AlertAttempt[] };

export type AlertHistory = ReturnType<typeof createAlertHistory>;

const DEFAULT_SPAN_MS = 30 * DAY_MS;
/** Alerts are kept for as long as the table keeps its partitions; nobody asks for older ones. */
const LONGEST_MS = 400 * DAY_MS;

/** What became of alerts, from the ledger. */
export function createAlertHistory({
  warehouse,
  now,
}: {
  warehouse: Pick<Warehouse, 'query' | 'insert'>;
  /** Epoch milliseconds. */
  now: () => number;
}) {
  const log = createAlertLog({ warehouse });
  const listSql = readFileSync(
    new URL('../../bigquery/queries/alert_list.sql', import.meta.url),
    'utf8',
  );

  return {
    /**
     * The workspace's alerts raised from `fromMs` (default 30 days ago) to before `toMs`, newest first, at most `limit`.
     * Throws (retryable) when the ledger does not answer.
     */
    async list(query: {
      workspaceId: string;
      fromMs?: number;
      toMs?: number;
      limit: number;
      type?: AlertType;
      severity?: Severity;
    }): Promise<AlertRecord[]> {
      const { workspaceId, type = '', severity = '', limit } = query;
      // One that was raised this very millisecond is in.
      const toMs = query.toMs ?? now() + 1;
      const fromMs = query.fromMs ?? toMs - DEFAULT_SPAN_MS;
      const raised = await warehouse.query<{ alertId: string; alert: string }>({
        sql: listSql,
        params: {
          workspaceId,
          from: formatInstant(fromMs),
          to: formatInstant(toMs),
          type,
          severity,
          pageSize: limit,
        },
        types: {
          workspaceId: 'STRING',
          from: 'TIMESTAMP',
          to: 'TIMESTAMP',
          type: 'STRING',
          severity: 'STRING',
          pageSize: 'INT64',
        },
      });
      if (raised.length === 0) return [];
      const alertIds = raised.map((row) => row.alertId);
      const rows = await log.rows({ workspaceId, fromMs, alertIds });
      const deliveries = foldDeliveries(rows);
      return raised.map(({ alertId, alert }) => ({
        ...(JSON.parse(alert) as Alert),
        deliveries: deliveries.filter((one) => one.alertId === alertId).map(toRecord),
        ...nobody(rows.filter((row) => row.alertId === alertId)),
      }));
    },

    /** One alert of the workspace with its whole history, or undefined. Throws as `list`. */
    async get(workspaceId: string, alertId: string): Promise<AlertDetail | undefined> {
      const fromMs = now() - LONGEST_MS;
      const rows = await log.rows({ workspaceId, fromMs, alertIds: [alertId] });
      const raised = rows.find((row) => row.event === 'raised' && row.alert !== null);
      if (raised === undefined) return undefined;
      return {
        ...(JSON.parse(raised.alert!) as Alert),
        deliveries: foldDeliveries(rows).map(toRecord),
        ...nobody(rows),
        attempts: rows.map(toAttempt),
      };
    },
  };
}

/** What the rows of one alert say where no channel took it. */
function nobody(rows: readonly AlertRow[]): { nobodyBecause?: string } {
  const skipped = rows.find((row) => row.event === 'skipped' && row.channelId === null);
  const taken = rows.some((row) => row.channelId !== null);
  return skipped === undefined || taken ? {} : { nobodyBecause: skipped.detail ?? '' };
}

function toRecord({ channel, state, lastAtMs }: RecordedDelivery): DeliveryRecord {
  const head = {
    channelScope: channel.scope,
    channelId: channel.id,
    ...(channel.kind === undefined ? {} : { channelKind: channel.kind }),
    lastAt: formatInstant(lastAtMs),
  };
  if (state.phase === 'queued') return { ...head, status: 'queued', attempts: 0, ambiguous: 0 };
  const { attempt: attempts, ambiguous } = state;
  const counts = { ...head, attempts, ambiguous };
  if (state.phase === 'sending') return { ...counts, status: 'sending' };
  if (state.phase === 'ended') {
    const { event, detail } = state;
    return { ...counts, status: event, ...(detail === undefined ? {} : { detail }) };
  }
  const nextAttemptAt = formatInstant(state.nextAttemptAtMs);
  return { ...counts, status: 'failed', nextAttemptAt, detail: state.detail };
}

function toAttempt(row: AlertRow): AlertAttempt {
  const { happenedAt, event, channelScope, channelId, attempt, ambiguous, detail } = row;
  return {
    at: happenedAt,
    event,
    ...(channelScope === null ? {} : { channelScope }),
    ...(channelId === null ? {} : { channelId }),
    ...(attempt === null ? {} : { attempt: Number(attempt) }),
    ...(ambiguous === null ? {} : { ambiguous }),
    ...(detail === null ? {} : { detail }),
  };
}
