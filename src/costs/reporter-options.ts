import { AppError, type FieldError } from '../core/errors.ts';
import { type CostEvent, MAX_EVENTS_PER_MESSAGE } from './event.ts';

/** Where cost events go: a Pub/Sub topic (default `cost-events`), or the HTTP API with a key of role `ingest`. */
export type CostReporterTarget =
  | { kind: 'pubsub'; projectId: string; topic?: string }
  | { kind: 'http'; url: string; apiKey: string };

type Filled = 'id' | 'timestamp' | 'workspaceId' | 'currency';

/** A cost event as a service reports it: the reporter fills what is left out of these four fields. */
export type CostEventInput = Omit<CostEvent, Filled> & Partial<Pick<CostEvent, Filled>>;

/**
 * What became of one `report` call. `accepted`: buffered, will be sent. `rejected`: not a cost event, for the
 * reasons given. `refused`: a good event there was no room for (`buffer-full`), or that came after `close`.
 */
export type ReportOutcome =
  | { kind: 'accepted'; id: string }
  | { kind: 'rejected'; errors: FieldError[] }
  | { kind: 'refused'; reason: 'buffer-full' | 'closed' };

/** Events that were accepted and then could not be delivered. `details[].index` counts within `events`. */
export type DeliveryFailure = {
  reason: 'refused' | 'retries-exhausted' | 'closed';
  message: string;
  events: CostEvent[];
  details: FieldError[];
};

export type CostReporterOptions = {
  target: CostReporterTarget;
  /** Filled into events that name no workspace. */
  workspaceId?: string;
  /** Events in one message or request, 1 to 1,000; default 100. A batch also never exceeds 1 MiB. */
  maxBatchEvents?: number;
  /** How long, in ms, an event waits for company; default 100. */
  lingerMs?: number;
  /** Unacknowledged events held in memory; default 10,000. Beyond it `report` refuses. */
  maxBufferedEvents?: number;
  /** Unacknowledged bytes of JSON held in memory; default 32 MiB. Beyond it `report` refuses. */
  maxBufferedBytes?: number;
  /** Batches on their way at once; default 4. */
  maxInFlight?: number;
  /** How long, in ms, a batch is tried before it counts as failed; default 10 minutes. */
  retryForMs?: number;
  /** Called with events that were accepted and lost; default: a process warning. Must be quick; if it throws, that becomes a warning. */
  onError?: (failure: DeliveryFailure) => void;
  /** Called, inside `report`, for every event that was not accepted; what it is called with is also returned. */
  onDrop?: (outcome: Exclude<ReportOutcome, { kind: 'accepted' }>, event: CostEventInput) => void;
  /** Epoch ms; for tests. */
  now?: () => number;
};

/** How the events a flush waited for ended. */
export type FlushResult = { acknowledged: number; failed: number };

/**
 * Counts since creation, in events unless named otherwise.
 * accepted = acknowledged + failed + buffered, at every moment.
 */
export type CostReporterStats = {
  accepted: number;
  acknowledged: number;
  failed: number;
  /** Accepted and neither acknowledged nor failed yet. */
  buffered: number;
  rejected: number;
  refused: number;
  inFlightBatches: number;
  /** Attempts beyond the first of each batch. */
  retries: number;
};

export type CostReporter = {
  /** Hands in one event; see `createCostReporter`. Synchronous, never blocks, never throws. */
  report(event: CostEventInput): ReportOutcome;
  /**
   * Sends what waits, without lingering, and resolves when every event accepted before the call has been
   * acknowledged or has failed. Never rejects; may be called at any time, also concurrently.
   */
  flush(): Promise<FlushResult>;
  /**
   * Refuses further events, flushes, and releases connections. What is undelivered after `timeoutMs`
   * (default 8,000: Cloud Run kills an instance 10 s after SIGTERM) fails with reason `closed`.
   * A second call returns the first one's promise.
   */
  close(options?: { timeoutMs?: number }): Promise<FlushResult>;
  stats(): CostReporterStats;
};

/** Throws `invalid_argument` naming every option that cannot work. */
export function checkOptions(options: CostReporterOptions): void {
  const details: FieldError[] = [];
  const whole = (field: keyof CostReporterOptions, minimum: number, maximum = Infinity) => {
    const value = options[field];
    if (value === undefined) return;
    if (typeof value !== 'number' || !(value >= minimum && value <= maximum)) {
      const upper = maximum === Infinity ? '' : ` and at most ${maximum}`;
      details.push({ field, reason: `must be at least ${minimum}${upper}` });
    }
  };
  whole('maxBatchEvents', 1, MAX_EVENTS_PER_MESSAGE);
  whole('lingerMs', 0);
  whole('maxBufferedEvents', 1);
  whole('maxBufferedBytes', 1);
  whole('maxInFlight', 1);
  whole('retryForMs', 0);
  const { target } = options;
  if (target.kind === 'http') {
    if (!/^https?:$/.test(URL.parse(target.url)?.protocol ?? '')) {
      details.push({ field: 'target.url', reason: 'must be an http or https URL' });
    }
    if (target.apiKey === '') details.push({ field: 'target.apiKey', reason: 'is required' });
  } else if (target.projectId === '') {
    details.push({ field: 'target.projectId', reason: 'is required' });
  }
  if (details.length > 0) {
    const list = details.map(({ field, reason }) => `${field} ${reason}`).join('; ');
    throw new AppError({ code: 'invalid_argument', message: `Cost reporter: ${list}`, details });
  }
}
