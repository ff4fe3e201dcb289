import { errorMessage } from '../core/errors.ts';
import { createEventId } from '../core/ids.ts';
import { formatInstant } from '../core/time.ts';
import { within } from '../core/within.ts';
import { MAX_MESSAGE_BYTES, parseCostEvent } from './event.ts';
import { createHttpDelivery, createPubSubDelivery, type Delivery } from './reporter-delivery.ts';
import {
  type CostEventInput,
  type CostReporter,
  type CostReporterOptions,
  type CostReporterTarget,
  checkOptions,
  type DeliveryFailure,
  type FlushResult,
  type ReportOutcome,
} from './reporter-options.ts';
import { deliverItems, type Item } from './reporter-sender.ts';

type Batch = {
  items: Item[];
  bytes: number;
  result: FlushResult;
  settled: Promise<void>;
  settle: () => void;
};

const ENVELOPE_BYTES = Buffer.byteLength('{"events":[]}');
const CLOSE_TIMEOUT_MS = 8_000;
const RELEASE_TIMEOUT_MS = 500;

/**
 * A reporter of cost events that costs the caller microseconds: `report` checks the event with the same parser
 * as the API, gives it an `id` (UUIDv7) and a `timestamp` when it has none, and puts it in a buffer that is sent
 * in the background.
 *
 * Back-pressure: `report` never blocks and never drops silently. When the buffer is full the event is refused,
 * counted, and the caller is told (return value and `onDrop`). Accepted events are only given up with a call of
 * `onError`: when the other side refuses them for good, when `retryForMs` has passed, or at the end of `close`.
 * When a refusal names single events, only these fail and their neighbours are sent again without them.
 *
 * A batch that failed is tried again with growing, jittered pauses under the same ids, so a retry after a lost
 * answer cannot count an event twice.
 *
 * Its timers do not keep a process alive: call `close` before exit, or what is still buffered is lost.
 * Throws `invalid_argument` naming every wrong option.
 */
export function createCostReporter(options: CostReporterOptions): CostReporter {
  checkOptions(options);
  return createReporterWith(createDelivery(options.target), options);
}

/** The reporter without the choice of a target: as `createCostReporter`, over any delivery. */
export function createReporterWith(
  delivery: Delivery,
  options: Omit<CostReporterOptions, 'target'>,
): CostReporter {
  const {
    workspaceId,
    maxBatchEvents = 100,
    lingerMs = 100,
    maxBufferedEvents = 10_000,
    maxBufferedBytes = 33_554_432,
    maxInFlight = 4,
    retryForMs = 600_000,
    onError = warnOfLoss,
    onDrop,
    now = Date.now,
  } = options;

  const counts = { accepted: 0, acknowledged: 0, failed: 0, rejected: 0, refused: 0, retries: 0 };
  let bufferedEvents = 0;
  let bufferedBytes = 0;
  let inFlightBatches = 0;
  let open: Batch | undefined;
  let lingering: NodeJS.Timeout | undefined;
  const ready: Batch[] = [];
  const unsettled = new Set<Batch>();
  const giveUp = new AbortController();
  let closing: Promise<FlushResult> | undefined;

  function report(input: CostEventInput): ReportOutcome {
    if (closing !== undefined) return refuse('closed', input);
    if (bufferedEvents >= maxBufferedEvents) return refuse('buffer-full', input);
    const at = now();
    const complete = {
      ...input,
      id: input.id ?? createEventId(),
      workspaceId: input.workspaceId ?? workspaceId,
      timestamp: input.timestamp ?? formatInstant(at),
      currency: input.currency ?? 'USD',
    };
    const parsed = parseCostEvent(complete, { now: at });
    if (parsed.kind === 'invalid') {
      counts.rejected += 1;
      return dropped({ kind: 'rejected', errors: parsed.errors }, input);
    }
    // Serialised here, so that the caller may reuse the object it handed in.
    const json = JSON.stringify(parsed.event);
    const bytes = Buffer.byteLength(json) + 1;
    if (bufferedBytes + bytes > maxBufferedBytes) return refuse('buffer-full', input);
    counts.accepted += 1;
    bufferedEvents += 1;
    bufferedBytes += bytes;
    append({ json, bytes });
    return { kind: 'accepted', id: complete.id };
  }

  function refuse(reason: 'buffer-full' | 'closed', input: CostEventInput): ReportOutcome {
    counts.refused += 1;
    return dropped({ kind: 'refused', reason }, input);
  }

  function dropped(
    outcome: Exclude<ReportOutcome, { kind: 'accepted' }>,
    input: CostEventInput,
  ): ReportOutcome {
    if (onDrop !== undefined) guarded(() => onDrop(outcome, input));
    return outcome;
  }

  function append(item: Item): void {
    if (open !== undefined && open.bytes + item.bytes > MAX_MESSAGE_BYTES) sealForSoon();
    if (open === undefined) {
      open = createBatch();
      unsettled.add(open);
      lingering = setTimeout(sealAndSend, lingerMs).unref();
    }
    open.items.push(item);
    open.bytes += item.bytes;
    if (open.items.length >= maxBatchEvents) sealForSoon();
  }

  function seal(): void {
    clearTimeout(lingering);
    if (open !== undefined) ready.push(open);
    open = undefined;
  }

  function sealForSoon(): void {
    seal();
    // Sending costs more than reporting: not on the time of the call that filled the batch.
    setImmediate(sendReady);
  }

  function sealAndSend(): void {
    seal();
    sendReady();
  }

  function sendReady(): void {
    while (inFlightBatches < maxInFlight) {
      const batch = ready.shift();
      if (batch === undefined) return;
      inFlightBatches += 1;
      void deliver(batch).then(() => {
        inFlightBatches -= 1;
        unsettled.delete(batch);
        batch.settle();
        sendReady();
      });
    }
  }

  function deliver(batch: Batch): Promise<void> {
    return deliverItems(batch.items, {
      delivery,
      retryForMs,
      giveUp: giveUp.signal,
      now,
      progress: {
        acknowledged(items) {
          release(items);
          counts.acknowledged += items.length;
          batch.result.acknowledged += items.length;
        },
        failed(items, failure) {
          release(items);
          counts.failed += items.length;
          batch.result.failed += items.length;
          guarded(() => onError(failure));
        },
        retrying() {
          counts.retries += 1;
        },
      },
    });
  }

  function release(items: readonly Item[]): void {
    bufferedEvents -= items.length;
    for (const item of items) bufferedBytes -= item.bytes;
  }

  async function flush(): Promise<FlushResult> {
    sealAndSend();
    const batches = [...unsettled];
    // Our own timers are unref'ed: without this a process that awaits a flush could exit in a retry's pause.
    const keepAlive = setInterval(() => {}, 60_000);
    await Promise.all(batches.map((batch) => batch.settled));
    clearInterval(keepAlive);
    const total = { acknowledged: 0, failed: 0 };
    for (const { result } of batches) {
      total.acknowledged += result.acknowledged;
      total.failed += result.failed;
    }
    return total;
  }

  async function closeOnce(timeoutMs: number): Promise<FlushResult> {
    const deadline = setTimeout(() => giveUp.abort(), timeoutMs);
    const result = await flush();
    clearTimeout(deadline);
    // What it still waits for has been given up; a topic that does not answer must not hold up the end.
    await within(RELEASE_TIMEOUT_MS, delivery.close()).catch((error) =>
      process.emitWarning(errorMessage(error)),
    );
    return result;
  }

  return {
    report,
    flush,
    close(closeOptions = {}) {
      closing ??= closeOnce(closeOptions.timeoutMs ?? CLOSE_TIMEOUT_MS);
      return closing;
    },
    stats: () => ({ ...counts, buffered: bufferedEvents, inFlightBatches }),
  };
}

function createBatch(): Batch {
  const { promise, resolve } = Promise.withResolvers<void>();
  return {
    items: [],
    bytes: ENVELOPE_BYTES,
    result: { acknowledged: 0, failed: 0 },
    settled: promise,
    settle: resolve,
  };
}

function createDelivery(target: CostReporterTarget): Delivery {
  if (target.kind === 'http') return createHttpDelivery(target);
  return createPubSubDelivery(async () => {
    const { createPublisher } = await import('../cloud/pubsub.ts');
    return createPublisher({ projectId: target.projectId, topic: target.topic ?? 'cost-events' });
  });
}

function guarded(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    process.emitWarning(`A cost reporter's callback threw: ${errorMessage(error)}`);
  }
}

function warnOfLoss({ events, reason, message }: DeliveryFailure): void {
  process.emitWarning(`${events.length} cost events were not delivered (${reason}): ${message}`);
}
