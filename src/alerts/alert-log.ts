import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { InsertRow, Warehouse } from '../cloud/bigquery.ts';
import { AppError } from '../core/errors.ts';
import { formatUsd, type NanoUsd } from '../core/money.ts';
import { formatInstant } from '../core/time.ts';
import type { Alert } from './alert.ts';

/** Which channel: `scope` is a workspace id or `PLATFORM_SCOPE`. */
export type ChannelRef = { scope: string; id: string };

/** What may happen to a delivery; see `bigquery/tables/alert_events.json`. */
export type DeliveryEvent = 'queued' | 'sending' | 'sent' | 'failed' | 'parked' | 'skipped';

/** One thing that happened to an alert on its way to a channel, as it is appended. */
export type DeliveryStep = {
  event: DeliveryEvent;
  alert: Alert;
  /** Absent where no channel takes the alert. */
  channel?: ChannelRef & { kind?: string };
  atMs: number;
  /** Counts from 1; absent before the first attempt. */
  attempt?: number;
  ambiguous?: boolean;
  nextAttemptAtMs?: number;
  /** In words; never a secret. */
  detail?: string;
};

/** A row of `alert_events` as the queries give it; times are RFC 3339. */
export type AlertRow = {
  happenedAt: string;
  event: 'raised' | DeliveryEvent;
  alertId: string;
  raisedAt: string;
  channelScope: string | null;
  channelId: string | null;
  channelKind: string | null;
  attempt: number | null;
  ambiguous: boolean | null;
  nextAttemptAt: string | null;
  detail: string | null;
  /** JSON of the alert. */
  alert: string | null;
};

export type AlertLog = ReturnType<typeof createAlertLog>;

const TABLE = 'alert_events';
const MAX_DETAIL_CHARS = 1_000;

const sqlOf = (name: string): string =>
  readFileSync(new URL(`../../bigquery/queries/${name}.sql`, import.meta.url), 'utf8');

/**
 * The append-only record of alerts in BigQuery. What `append…` resolved for is in it for good; a second call may store
 * a row twice, which readers of deliveries do not see. All methods throw retryable errors when BigQuery does not answer.
 */
export function createAlertLog({ warehouse }: { warehouse: Pick<Warehouse, 'query' | 'insert'> }) {
  const rowsSql = sqlOf('alert_rows');
  const unfinishedSql = sqlOf('alert_unfinished');

  async function insert(rows: readonly InsertRow[]): Promise<void> {
    if (rows.length === 0) return;
    const result = await warehouse.insert(TABLE, rows);
    if (result.kind === 'ok') return;
    const [error] = result.errors;
    throw new AppError({
      code: 'alert_log_refused',
      message: `${TABLE} refused a row: ${error?.reason} ${error?.location} ${error?.message}`,
      publicMessage: 'The alert could not be recorded.',
      retryable: error?.reason !== 'invalid',
    });
  }

  return {
    /** Records that an alert was raised, and what of: the subject and amount of its notice. */
    async appendRaised(
      alert: Alert,
      notice?: { subject: string; amountNanoUsd: NanoUsd },
    ): Promise<void> {
      const json = {
        ...columnsOf(alert),
        event_at: alert.raisedAt,
        event: 'raised',
        subject: notice?.subject,
        amount_usd: notice && formatUsd(notice.amountNanoUsd),
        alert: JSON.stringify(alert),
      };
      await insert([{ insertId: insertIdOf(alert, 'raised', notice?.subject), json }]);
    },

    /** Records steps of deliveries, all in one request. */
    async append(steps: readonly DeliveryStep[]): Promise<void> {
      await insert(
        steps.map(({ event, alert, channel, atMs, attempt, ambiguous, ...rest }) => ({
          insertId: insertIdOf(alert, event, channel?.scope, channel?.id, attempt),
          json: {
            ...columnsOf(alert),
            event_at: formatInstant(atMs),
            event,
            alert: event === 'queued' ? JSON.stringify(alert) : undefined,
            channel_scope: channel?.scope,
            channel_id: channel?.id,
            channel_kind: channel?.kind,
            attempt,
            ambiguous,
            next_attempt_at:
              rest.nextAttemptAtMs === undefined ? undefined : formatInstant(rest.nextAttemptAtMs),
            detail: rest.detail?.slice(0, MAX_DETAIL_CHARS).toWellFormed(),
          },
        })),
      );
    },

    /** Every row of a workspace since then (epoch ms), oldest first; with `alertIds` only theirs. */
    async rows(query: {
      workspaceId: string;
      fromMs: number;
      alertIds?: readonly string[];
    }): Promise<AlertRow[]> {
      const { workspaceId, fromMs, alertIds = [] } = query;
      return warehouse.query<AlertRow>({
        sql: rowsSql,
        params: { workspaceId, from: formatInstant(fromMs), alertIds },
        types: { workspaceId: 'STRING', from: 'TIMESTAMP', alertIds: ['STRING'] },
      });
    },

    /**
     * The workspaces where a delivery has no end yet, or an alert raised before `raisedBeforeMs` was never taken up;
     * both only if they began at `fromMs` or later (epoch ms).
     */
    async unfinished(query: { fromMs: number; raisedBeforeMs: number }): Promise<string[]> {
      const rows = await warehouse.query<{ workspaceId: string }>({
        sql: unfinishedSql,
        params: {
          from: formatInstant(query.fromMs),
          raisedBefore: formatInstant(query.raisedBeforeMs),
        },
        types: { from: 'TIMESTAMP', raisedBefore: 'TIMESTAMP' },
      });
      return rows.map((row) => row.workspaceId);
    },
  };
}

function columnsOf({ workspaceId, id, type, severity, raisedAt }: Alert) {
  return { workspace_id: workspaceId, alert_id: id, type, severity, raised_at: raisedAt };
}

/** Equal for the same step written again, different for any other. */
function insertIdOf(alert: Alert, ...parts: (string | number | undefined)[]): string {
  return hash('sha256', JSON.stringify([alert.workspaceId, alert.id, ...parts]), 'base64url');
}
