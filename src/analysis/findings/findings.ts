import { isAtLeast, type Severity } from '../../alerts/alert.ts';
import type { Alerts } from '../../alerts/raise.ts';
import type { Warehouse } from '../../cloud/bigquery.ts';
import type { Ended, FindingKind, FindingState, Found, OpenFinding } from './finding.ts';
import { composeFindingAlert } from './finding-alert.ts';
import { createFindingLog, type FindingRow } from './finding-log.ts';
import { placeFound } from './placing.ts';

/** How many findings a run opened, saw changed, and closed. */
export type Settled = { opened: number; seen: number; closed: number };

export type Findings = ReturnType<typeof createFindings>;

/** What the scheduled analysis found, from the first sight of it to its end. */
export function createFindings({
  warehouse,
  alerts,
  now,
}: {
  warehouse: Pick<Warehouse, 'query' | 'insert'>;
  alerts: Pick<Alerts, 'raise'>;
  /** Epoch milliseconds. */
  now: () => number;
}) {
  const log = createFindingLog(warehouse);

  return {
    /**
     * Every finding of these kinds, of all workspaces, that is open or ended after `fromMs` (epoch ms), oldest first. Throws
     * `warehouse_failed`.
     */
    async during(kinds: readonly FindingKind[], fromMs: number): Promise<FindingState[]> {
      return await log.states({ kinds, fromMs, toMs: now() + 1 });
    },

    /**
     * Takes what a run found and which open findings (their ids) have ended:
     *
     * 1. Place each thing found: into the finding that is open about its subject, or was at that time; else a new one.
     * 2. Raise an alert for each that is of medium severity or worse and was not before. Its id is the finding's, so that
     *    a run that dies before 3 raises nothing new when it is repeated.
     * 3. Record what was opened, what changed, and what ended.
     *
     * A second call with the same finds nothing to do. `found` may hold the same subject several times, as it was at
     * several times. Throws (retryable) when a step fails; calling again then does the rest.
     */
    async settle(run: {
      runId: string;
      kinds: readonly FindingKind[];
      found: readonly Found[];
      over: readonly Ended[];
    }): Promise<Settled> {
      const { runId, kinds, found, over } = run;
      if (found.length === 0 && over.length === 0) return { opened: 0, seen: 0, closed: 0 };
      const nowMs = now();
      const earliestMs = Math.min(nowMs, ...found.map(({ sinceMs }) => sinceMs));
      const known = await log.states({ kinds, fromMs: earliestMs, toMs: nowMs + 1 });
      const rows: FindingRow[] = [];
      const settled = { opened: 0, seen: 0, closed: 0 };

      for (const placed of placeFound(known, found, over)) {
        if (placed.kind === 'known') continue;
        const { before, id } = placed;
        settled[placed.kind] += 1;
        rows.push({ event: placed.kind, id, found: placed.found });
        const speaks = isAtLeast(placed.found.severity, 'medium');
        const spoke = before !== undefined && isAtLeast(before.severity, 'medium');
        if (speaks && !spoke) await alerts.raise(composeFindingAlert(id, placed.found, nowMs));
      }

      const states = new Map(known.filter(isOpen).map((state) => [state.id, state]));
      for (const row of rows) {
        if (row.event === 'closed') continue;
        states.set(row.id, { ...row.found, id: row.id, status: 'open', recordedAtMs: nowMs });
      }
      for (const ended of over) {
        const state = states.get(ended.id);
        if (state === undefined) continue;
        states.delete(ended.id);
        rows.push({ event: 'closed', state, ended });
        settled.closed += 1;
      }
      await log.append(runId, rows, nowMs);
      return settled;
    },

    /**
     * The findings of one workspace that were there at some time in `[fromMs, toMs)` (epoch ms), oldest first; `status`
     * narrows them to what is open or closed by now, `severity` to those of it, `limit` to so many that began last. Throws
     * `warehouse_failed`.
     */
    async list(query: {
      workspaceId: string;
      kinds: readonly FindingKind[];
      fromMs: number;
      toMs: number;
      status?: FindingState['status'] | undefined;
      severity?: Severity | undefined;
      limit?: number | undefined;
    }): Promise<FindingState[]> {
      return await log.states(query);
    },
  };
}

function isOpen(state: FindingState): state is OpenFinding {
  return state.status === 'open';
}
