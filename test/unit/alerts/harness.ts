import type { Alert } from '../../../src/alerts/alert.ts';
import { createDelivery } from '../../../src/alerts/deliver.ts';
import type { DeliveryReport } from '../../../src/alerts/drain.ts';
import { outboxKeys } from '../../../src/alerts/outbox-keys.ts';
import type { Channel } from '../../../src/alerts/routing.ts';
import type { InsertRow, QueryRequest } from '../../../src/cloud/bigquery.ts';
import type { Redis } from '../../../src/cloud/redis.ts';
import type { SendResult } from '../../../src/cloud/sending.ts';
import { type AlertLedger, createAlertLedger } from '../../support/alert-ledger.ts';
import { channelOf } from '../../support/alerts.ts';

export const START = Date.UTC(2026, 10, 20, 12);

export const failed = (
  parts: Partial<Extract<SendResult, { kind: 'failed' }>> = {},
): SendResult => ({
  kind: 'failed',
  retryable: true,
  ambiguous: false,
  detail: 'away',
  ...parts,
});

/**
 * Deliveries with a real Redis, a ledger in memory and a clock of their own. Waiting moves the clock. `send` may be replaced;
 * what it was called with is in `sent` once it has answered `sent`.
 */
export function createWorld(redis: Redis, options: { ledger?: AlertLedger } = {}) {
  const ledger = options.ledger ?? createAlertLedger();
  const reports: DeliveryReport[] = [];
  const insertedAtMs = new WeakMap<object, number>();
  /** The ledger as BigQuery has it: what was streamed just now is not in the answers yet. */
  const warehouse = {
    async insert(table: string, rows: readonly InsertRow[]) {
      try {
        return await ledger.insert(table, rows);
      } finally {
        for (const row of ledger.rows) {
          if (!insertedAtMs.has(row)) insertedAtMs.set(row, world.nowMs);
        }
      }
    },
    async query<T>(request: QueryRequest): Promise<T[]> {
      await ledger.beforeQuery(request);
      const shown = createAlertLedger();
      const isShown = (row: object) =>
        (insertedAtMs.get(row) ?? 0) + world.ledgerLateMs <= world.nowMs;
      shown.rows.push(...ledger.rows.filter(isShown));
      return shown.query<T>(request);
    },
  };
  const world = {
    ledger,
    reports,
    nowMs: START,
    /** How long after its insertion a row appears in queries. */
    ledgerLateMs: 0,
    channels: [channelOf('mail')] as Channel[],
    /** `<alert> > <channel>`, in order. */
    sent: [] as string[],
    answer: async (_alert: Alert, _channel: Channel): Promise<SendResult> => ({ kind: 'sent' }),
    /** Another instance of the function, with the same stores. */
    instance() {
      return createDelivery({
        redis,
        warehouse,
        channels: async (workspaceId) =>
          world.channels.filter(({ scope }) => scope === workspaceId || scope === '-'),
        async send(alert, channel) {
          const result = await world.answer(alert, channel);
          if (result.kind === 'sent') world.sent.push(`${alert.id} > ${channel.id}`);
          return result;
        },
        onReport: (report) => void reports.push(report),
        now: () => world.nowMs,
        // Others, with the same clock, must get their turn before it moves on.
        wait: async (ms) => {
          await new Promise((resolve) => setTimeout(resolve, 5));
          world.nowMs += ms;
        },
      });
    },
    /** Empties Redis and has it remember from long ago on, as one that runs does. */
    async reset() {
      await redis.flushall();
      await redis.set(outboxKeys.memory, START - 86_400_000, 'PX', 86_400_000);
    },
    /** The events of the ledger about deliveries, in order: `sending 2 ambiguous`. */
    steps(alertId?: string) {
      return ledger.rows
        .filter((row) => row.event !== 'raised' && (alertId ?? row.alert_id) === row.alert_id)
        .map((row) =>
          [row.event, row.attempt, row.ambiguous ? 'ambiguous' : undefined]
            .filter((part) => part !== undefined)
            .join(' '),
        );
    },
  };
  return world;
}

export const messageOf = (alert: unknown) => ({
  messageId: 'm1',
  data: Buffer.from(typeof alert === 'string' ? alert : JSON.stringify(alert)),
  attributes: {},
});
