import type { InsertResult, InsertRow } from '../../cloud/bigquery.ts';
import type { FieldError } from '../../core/errors.ts';
import { createEventId } from '../../core/ids.ts';
import { type NanoUsd, parseUsd } from '../../core/money.ts';
import { KPI } from '../metrics/catalogue.ts';
import type { MetricsRecorder } from '../metrics/recorder-contract.ts';
import {
  type BusinessCost,
  CostSchema,
  createEventParser,
  type Parsed,
  type Revenue,
  RevenueSchema,
  type UserEngagement,
  UserEngagementSchema,
} from './events.ts';
import { createRowQueue, type RowLoss, type RowQueueStats } from './row-queue.ts';
import { costRow, engagementRows, type RowOrigin, revenueRow } from './rows.ts';

/** What became of a call. `rejected`: not a valid event. `refused`: the buffer is full or the recorder closed. */
export type RecordOutcome =
  | { kind: 'accepted'; eventId: string }
  | { kind: 'rejected'; errors: FieldError[] }
  | { kind: 'refused'; reason: 'buffer-full' | 'closed' };

/** The workspace may be left out where the recorder was given one. */
type Input<Event extends { workspaceId: string }> = Omit<Event, 'workspaceId'> & {
  workspaceId?: string;
};

/** Events by what became of them, rows by where they are. */
export type BusinessMetricsStats = RowQueueStats & {
  accepted: number;
  rejected: number;
  refused: number;
};

export type BusinessMetrics = {
  /** What a user did. `sessionSeconds` also counts in `business/session_duration`. */
  recordUserEngagement(event: Input<UserEngagement>): RecordOutcome;
  /** Money that came in, or went back (`refund`, the amount still positive). Revenue by use counts in `business/usage_revenue`. */
  recordRevenue(event: Input<Revenue>): RecordOutcome;
  /**
   * A cost that is no cost event, such as an invoice: what the SDK or the API already reports as cost events must not be
   * told here again. Counts in `business/infrastructure_cost` and `business/llm_cost`.
   */
  recordCost(event: Input<BusinessCost>): RecordOutcome;
  /** Resolves when what was recorded is stored or lost, at most after `timeoutMs` (8 s). Never rejects. */
  flush(timeoutMs?: number): Promise<void>;
  /** Flushes and ends it; what could not be stored by then is lost and told to `onError`. */
  close(timeoutMs?: number): Promise<void>;
  stats(): BusinessMetricsStats;
};

const TIMEOUT_MS = 8_000;

/**
 * Records business metrics in BigQuery's `business_metrics`, and the platform's KPIs beside it. Calls take microseconds,
 * never block and never throw: what is wrong or does not fit is said in what they return, and counted. Money is exact.
 * An event told twice under one `eventId` and `at` is two rows of which readers take one, so whoever gives the id gives the
 * time too; without an id it gets a UUIDv7, and counts each time it is told.
 *
 * Call `close` before exit, or what is still buffered is lost.
 */
export function createBusinessMetrics(options: {
  /** Inserts into `business_metrics`: `(rows) => warehouse.insert('business_metrics', rows)`. */
  insert: (rows: readonly InsertRow[]) => Promise<InsertResult>;
  metrics: Pick<MetricsRecorder, 'incrementCounter' | 'recordHistogram'>;
  /** Epoch milliseconds. */
  now: () => number;
  /** Told of rows that are lost for good. */
  onError: (losses: readonly RowLoss[]) => void;
  /** The workspace of events that name none. */
  workspaceId?: string;
  maxBufferedRows?: number;
  retryForMs?: number;
}): BusinessMetrics {
  const { insert, metrics, now, onError, workspaceId, maxBufferedRows, retryForMs } = options;
  const queue = createRowQueue({ insert, onLoss: onError, maxBufferedRows, retryForMs, now });
  const parseEngagement = createEventParser(UserEngagementSchema);
  const parseRevenue = createEventParser(RevenueSchema);
  const parseCost = createEventParser(CostSchema);
  const counts = { accepted: 0, rejected: 0, refused: 0 };

  function record<Event extends { eventId?: string }>(
    parse: (input: unknown, now: number) => Parsed<Event>,
    input: object,
    accept: (event: Event, origin: RowOrigin) => { rows: InsertRow[]; count: () => void },
  ): RecordOutcome {
    const at = now();
    const parsed = parse(workspaceId === undefined ? input : { workspaceId, ...input }, at);
    if (parsed.kind === 'invalid') {
      counts.rejected += 1;
      return { kind: 'rejected', errors: parsed.errors };
    }
    const eventId = parsed.event.eventId ?? createEventId();
    const origin = { eventId, timeMs: parsed.timeMs, ingestMs: at };
    const { rows, count } = accept(parsed.event, origin);
    const taken = queue.add(rows);
    if (taken !== 'taken') {
      counts.refused += 1;
      return { kind: 'refused', reason: taken === 'full' ? 'buffer-full' : 'closed' };
    }
    counts.accepted += 1;
    count();
    return { kind: 'accepted', eventId };
  }

  return {
    recordUserEngagement: (input) =>
      record(parseEngagement, input, (event, origin) => ({
        rows: engagementRows(event, origin),
        count: () => {
          if (event.sessionSeconds === undefined) return;
          metrics.recordHistogram(KPI.sessionDuration, event.sessionSeconds, { plan: event.plan });
        },
      })),
    recordRevenue: (input) =>
      record(parseRevenue, input, (event, origin) => {
        const amount = parseUsd(event.amountUsd);
        return {
          rows: [revenueRow(event, origin, amount)],
          count: () => {
            if (event.kind !== 'usage') return;
            metrics.incrementCounter(KPI.usageRevenue, toCounter(amount), { plan: event.plan });
          },
        };
      }),
    recordCost: (input) =>
      record(parseCost, input, (event, origin) => {
        const amount = parseUsd(event.amountUsd);
        return {
          rows: [costRow(event, origin, amount)],
          count: () => {
            const { category, provider, resourceType } = event;
            const value = toCounter(amount);
            if (category === 'infrastructure') {
              metrics.incrementCounter(KPI.infrastructureCost, value, {
                resource_type: resourceType,
              });
            } else if (category === 'llm') {
              metrics.incrementCounter(KPI.businessLlmCost, value, { provider });
            }
          },
        };
      }),
    flush: (timeoutMs = TIMEOUT_MS) => queue.flush(timeoutMs),
    close: (timeoutMs = TIMEOUT_MS) => queue.close(timeoutMs),
    stats: () => ({ ...counts, ...queue.stats() }),
  };
}

/** Metrics count whole nano-USD in numbers, exact up to nine million dollars; for looking at, the rows are what counts. */
function toCounter(amount: NanoUsd): number {
  return Number(amount);
}
