import { MetricReader } from '@opentelemetry/sdk-metrics';
import type { MetricSink, SendOptions } from './sink.ts';

/** Counts since creation. */
export type PushStats = { exports: number; failedExports: number };

export type PushReaderOptions = {
  sink: MetricSink;
  intervalMs: number;
  /** Told of every sending that failed and every observer that threw. */
  onError: (error: unknown) => void;
  stats: PushStats;
  /** `forceFlush` sends nothing when the sending before began less than this ago. Default 0. */
  minGapMs?: number;
  /** Longest time `shutdown` takes. Default 5,000 ms. */
  closeTimeoutMs?: number;
};

const SEND_TIMEOUT_MS = 30_000;
const FLUSH_TIMEOUT_MS = 5_000;
const MIN_FIRST_MS = 1_000;
/** Shares of the time for closing: for a sending that is under way, and for the last one; the rest is the sink's. */
const WAIT_SHARE = 0.2;
const LAST_SHARE = 0.7;

/**
 * Collects and sends periodically, one sending at a time, the first one at a random moment within the first interval so
 * that instances that start together do not send together. Its timers do not keep the process alive. `forceFlush` and
 * `shutdown` never reject, and end within five seconds whatever the sink does.
 */
export function createPushReader(options: PushReaderOptions): PushReader {
  return new PushReader(options);
}

/** A reader that sends; see `createPushReader`. */
export class PushReader extends MetricReader {
  readonly #options: PushReaderOptions;
  #timer: NodeJS.Timeout | undefined;
  #underWay: Promise<void> | undefined;
  #startedAt = Number.NEGATIVE_INFINITY;
  #isShut = false;
  readonly #ended = Promise.withResolvers<void>();

  constructor(options: PushReaderOptions) {
    super();
    this.#options = options;
  }

  /**
   * As `forceFlush`, but for when nothing may come afterwards: no interval is waited for, and what fails is tried again.
   * After `shutdown` it does nothing.
   */
  async flushUrgently(): Promise<void> {
    if (this.#isShut) return;
    await within(FLUSH_TIMEOUT_MS * WAIT_SHARE, this.#underWay ?? Promise.resolve());
    const timeoutMs = FLUSH_TIMEOUT_MS * (1 - WAIT_SHARE);
    await within(timeoutMs, this.#start({ urgent: true, timeoutMs }));
  }

  protected override onInitialized(): void {
    const { intervalMs } = this.#options;
    this.#schedule(Math.min(intervalMs, MIN_FIRST_MS + Math.random() * intervalMs));
  }

  protected async onForceFlush(): Promise<void> {
    await within(FLUSH_TIMEOUT_MS, Promise.race([this.#flush(), this.#ended.promise]));
  }

  protected async onShutdown(): Promise<void> {
    const { sink, onError, closeTimeoutMs = 5_000 } = this.#options;
    this.#isShut = true;
    clearTimeout(this.#timer);
    await within(closeTimeoutMs * WAIT_SHARE, this.#underWay ?? Promise.resolve());
    const timeoutMs = closeTimeoutMs * LAST_SHARE;
    await within(timeoutMs, this.#start({ urgent: true, timeoutMs }));
    const rest = closeTimeoutMs * (1 - WAIT_SHARE - LAST_SHARE);
    await within(rest, sink.close().catch(onError));
    this.#ended.resolve();
  }

  #schedule(delayMs: number): void {
    const { intervalMs } = this.#options;
    this.#timer = setTimeout(() => {
      this.#schedule(intervalMs);
      // What one sending does not get to, the next one has too.
      if (this.#underWay === undefined) void this.#start();
    }, delayMs).unref();
  }

  /** Sends what was recorded before it was called; callers that wait for the same sending share it. */
  async #flush(): Promise<void> {
    await this.#underWay;
    if (this.#underWay !== undefined) return this.#underWay;
    if (performance.now() - this.#startedAt < (this.#options.minGapMs ?? 0)) return;
    await this.#start();
  }

  /** Sends; what is sent out of turn is under way together with what was before. */
  #start(how: SendOptions = { urgent: false, timeoutMs: SEND_TIMEOUT_MS }): Promise<void> {
    const sending = this.#send(how);
    const underWay = Promise.all([this.#underWay, sending]).then(() => {
      if (this.#underWay === underWay) this.#underWay = undefined;
    });
    this.#underWay = underWay;
    return sending;
  }

  async #send(how: SendOptions): Promise<void> {
    const { sink, onError, stats } = this.#options;
    const deadline = performance.now() + how.timeoutMs;
    this.#startedAt = performance.now();
    try {
      const { resourceMetrics, errors } = await this.collect();
      for (const error of errors) onError(error);
      const { resource, scopeMetrics } = resourceMetrics;
      if (scopeMetrics.length === 0) return;
      stats.exports += 1;
      if (resource.asyncAttributesPending) {
        await within(how.timeoutMs / 4, resource.waitForAsyncAttributes?.() ?? Promise.resolve());
      }
      const timeoutMs = Math.max(0, deadline - performance.now());
      await sink.send(resourceMetrics, { urgent: how.urgent, timeoutMs });
    } catch (error) {
      stats.failedExports += 1;
      onError(error);
    }
  }
}

/** Resolves with the work, or when the time is over. The process stays alive meanwhile: somebody waits for it. */
async function within(timeoutMs: number, work: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  await Promise.race([work, promise]).finally(() => clearTimeout(timer));
}
