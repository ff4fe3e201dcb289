import { hash } from 'node:crypto';
import type { InsertRow } from '../../cloud/bigquery.ts';
import { formatUsd, type NanoUsd } from '../../core/money.ts';
import { formatInstant } from '../../core/time.ts';
import type { BusinessCost, Revenue, UserEngagement } from './events.ts';

/** Who and when, of every row. */
export type RowOrigin = { eventId: string; timeMs: number; ingestMs: number };

type Measure = { kind: string; metric: string; value: string; unit: string; category: string };

/** What a user did counts one; a session that ended with it is a row of its own. */
export function engagementRows(event: UserEngagement, origin: RowOrigin): InsertRow[] {
  const { action: category, sessionSeconds } = event;
  const kind = 'user_engagement';
  const rows = [
    row(event, origin, { kind, metric: 'user_action', value: '1', unit: '1', category }),
  ];
  if (sessionSeconds !== undefined) {
    const value = sessionSeconds.toFixed(3);
    rows.push(row(event, origin, { kind, metric: 'session_duration', value, unit: 's', category }));
  }
  return rows;
}

/** Revenue as it is, what is given back as a negative amount. `amount` is that of the event. */
export function revenueRow(event: Revenue, origin: RowOrigin, amount: NanoUsd): InsertRow {
  const value = formatUsd(event.kind === 'refund' ? -amount : amount);
  const measure = { kind: 'revenue', metric: 'revenue', value, unit: 'USD', category: event.kind };
  return row(event, origin, measure);
}

/** `amount` is that of the event. */
export function costRow(event: BusinessCost, origin: RowOrigin, amount: NanoUsd): InsertRow {
  const { category, provider, resourceType, dimensions } = event;
  const all = {
    ...dimensions,
    ...(provider && { provider }),
    ...(resourceType && { resourceType }),
  };
  const measure = { kind: 'cost', metric: 'cost', value: formatUsd(amount), unit: 'USD', category };
  return row({ ...event, dimensions: all }, origin, measure);
}

type Common = Pick<UserEngagement, 'workspaceId' | 'projectId' | 'agentId' | 'plan' | 'dimensions'>;

function row(event: Common & { userId?: string }, origin: RowOrigin, measure: Measure): InsertRow {
  const { workspaceId, userId, projectId, agentId, plan, dimensions = {} } = event;
  const { eventId, timeMs, ingestMs } = origin;
  const hasDimensions = Object.keys(dimensions).length > 0;
  return {
    // The same for the same row told again, within BigQuery's 128 characters.
    insertId: hash('sha256', JSON.stringify([workspaceId, eventId, measure.metric]), 'hex'),
    json: {
      event_id: eventId,
      workspace_id: workspaceId,
      event_time: formatInstant(timeMs),
      ingest_time: formatInstant(ingestMs),
      ...measure,
      currency: measure.unit === 'USD' ? 'USD' : undefined,
      user_id: userId,
      project_id: projectId,
      agent_id: agentId,
      plan,
      dimensions: hasDimensions ? JSON.stringify(dimensions) : undefined,
    },
  };
}
