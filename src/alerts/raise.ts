import type { Warehouse } from '../cloud/bigquery.ts';
import type { Publisher } from '../cloud/pubsub.ts';
import type { NanoUsd } from '../core/money.ts';
import { parseInstant } from '../core/time.ts';
import type { Alert } from './alert.ts';
import { createAlertLog } from './alert-log.ts';
import type { Notices } from './notices.ts';

export type Alerts = ReturnType<typeof createAlerts>;

/** Where alerts begin: the ledger, then the topic that delivers them, then the memory of what was said. */
export function createAlerts({
  warehouse,
  publisher,
  notices,
}: {
  warehouse: Pick<Warehouse, 'query' | 'insert'>;
  /** Of the topic `alerts`. */
  publisher: Pick<Publisher, 'publish'>;
  notices: Pick<Notices, 'note'>;
}) {
  const log = createAlertLog({ warehouse });
  return {
    /**
     * Raises an alert:
     *
     * 1. Record it. From here on it will be delivered: what dies before 2 is found in the ledger by the schedule.
     * 2. Publish it, to be delivered at once.
     * 3. Note what it spoke of, so that the next check knows.
     *
     * Throws (retryable) when a step fails; whatever was done by then is done again by a second call, and delivery
     * recognises the alert by its id.
     */
    async raise(alert: Alert, notice?: { subject: string; amountNanoUsd: NanoUsd }): Promise<void> {
      await log.appendRaised(alert, notice);
      await publisher.publish(Buffer.from(JSON.stringify(alert)));
      if (notice === undefined) return;
      await notices.note(alert.workspaceId, notice.subject, {
        amountNanoUsd: notice.amountNanoUsd,
        severity: alert.severity,
        raisedAtMs: parseInstant(alert.raisedAt) ?? 0,
      });
    },
  };
}
