import { setTimeout as pause } from 'node:timers/promises';
import { AppError, type FieldError } from '../../core/errors.ts';
import { MAX_EVENTS_PER_MESSAGE, MAX_MESSAGE_BYTES } from '../../costs/event.ts';
import type { ApiClient, Attempt } from '../api.ts';

/** One event on its way, with the line of the file it came from. */
export type Outgoing = { line: number; event: Record<string, unknown> };

type Batch = { json: string; lines: number[] };

const ENVELOPE_BYTES = Buffer.byteLength('{"events":[]}');
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 5_000;

/**
 * Posts events in batches of at most 1,000 and 1 MiB, `inFlight` at once, holding no more than these in memory.
 * After 429, 5xx and connection errors a batch is sent again under the same ids, until `giveUpAfterMs` have
 * passed without any batch getting through. Resolves when the API has taken every event; throws the first error
 * otherwise, `interrupted` included, after which the same replay may simply be run again.
 */
export async function sendEvents(
  events: AsyncIterable<Outgoing>,
  options: {
    api: ApiClient;
    inFlight: number;
    giveUpAfterMs: number;
    now: () => number;
    interrupted: AbortSignal;
    onSent: (total: number) => void;
    onTrouble: (error: AppError) => void;
  },
): Promise<{ sent: number; batches: number; retries: number }> {
  const { api, now, onSent } = options;
  const batches = toBatches(events);
  const failed = new AbortController();
  const stop = AbortSignal.any([failed.signal, options.interrupted]);
  const counts = { sent: 0, batches: 0, retries: 0 };
  let lastProgressMs = now();
  let inTrouble = false;

  async function post(batch: Batch): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      stop.throwIfAborted();
      const outcome: Attempt<unknown> = await api.attempt('POST', '/v1/cost-events', batch);
      if (outcome.kind === 'ok') break;
      if (outcome.kind === 'refused') throw namingLines(outcome.error, batch.lines);
      if (now() - lastProgressMs > options.giveUpAfterMs) throw outcome.error;
      if (!inTrouble && attempt > 1) options.onTrouble(outcome.error);
      inTrouble ||= attempt > 1;
      counts.retries += 1;
      const backoff = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (attempt - 1));
      const waitMs = outcome.afterMs ?? backoff * (0.5 + Math.random() / 2);
      await pause(waitMs, undefined, { signal: stop });
    }
    lastProgressMs = now();
    inTrouble = false;
    counts.batches += 1;
    counts.sent += batch.lines.length;
    onSent(counts.sent);
  }

  async function work(): Promise<void> {
    for (;;) {
      const next = await batches.next();
      if (next.done === true) return;
      await post(next.value);
    }
  }

  const workers = Array.from({ length: options.inFlight }, () =>
    work().catch((error: unknown) => {
      failed.abort();
      throw error;
    }),
  );
  const outcomes = await Promise.allSettled(workers);
  if (options.interrupted.aborted) throw interrupted(counts.sent);
  const reasons = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  const cause = reasons.find((reason) => reason instanceof AppError) ?? reasons[0];
  if (cause !== undefined) throw cause;
  return counts;
}

async function* toBatches(events: AsyncIterable<Outgoing>): AsyncGenerator<Batch> {
  let parts: string[] = [];
  let lines: number[] = [];
  let bytes = ENVELOPE_BYTES;
  const take = (): Batch => {
    const batch = { json: `{"events":[${parts.join(',')}]}`, lines };
    parts = [];
    lines = [];
    bytes = ENVELOPE_BYTES;
    return batch;
  };
  for await (const { line, event } of events) {
    const json = JSON.stringify(event);
    const size = Buffer.byteLength(json) + 1;
    if (lines.length === MAX_EVENTS_PER_MESSAGE || bytes + size > MAX_MESSAGE_BYTES) yield take();
    parts.push(json);
    lines.push(line);
    bytes += size;
  }
  if (lines.length > 0) yield take();
}

/** The API counts events within a request; whoever replays a file wants its lines. */
function namingLines(error: AppError, lines: readonly number[]): AppError {
  const details = error.details.map(({ index, field, reason }): FieldError => {
    const line = lines[index ?? -1];
    return line === undefined ? { field, reason } : { field: `line ${line}, ${field}`, reason };
  });
  const { code, message } = error;
  return new AppError({ code, message, details, cause: error });
}

function interrupted(sent: number): AppError {
  return new AppError({
    code: 'interrupted',
    message: `Interrupted after ${sent} events. Run the same command again to go on: ids are the same, nothing counts twice.`,
  });
}
