import { setTimeout as sleep } from 'node:timers/promises';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { MonitoringClient, WriteResult } from '../../cloud/monitoring.ts';
import type { MetricDefinition } from './definition.ts';
import { createDescriptors, descriptorOf } from './descriptors.ts';
import { type MonitoredResource, monitoredResourceOf } from './monitored-resource.ts';
import { createSeriesTimes } from './series-times.ts';
import type { MetricSink, SendOptions } from './sink.ts';
import { type Reading, readingsOf, timeSeriesOf } from './time-series.ts';

/** Counts since creation. */
export type MonitoringStats = {
  pointsWritten: number;
  /** Points that Cloud Monitoring refused, by the name of the status. */
  pointsRefused: Record<string, number>;
  /** Requests with points that failed as a whole. */
  failedRequests: number;
  /** Points that came less than ten seconds after their series' last one, and are contained in its next one. */
  pointsDeferred: number;
  /** Points that could not be sent at all: too many series, or no form for them. */
  pointsDropped: number;
  descriptorsFailed: number;
};

type Times = { startMs: number; endMs: number };
type Timed = { reading: Reading; times: Times };

const MAX_SERIES_PER_REQUEST = 200;
const REQUESTS_AT_ONCE = 4;
const REQUEST_TIMEOUT_MS = 10_000;
/** Timers and clocks differ a little: a point may be dated as much ahead rather than wait for the next sending. */
const SLACK_MS = 1_000;
/** Urgent points do not wait for the ten seconds but are dated ahead, which the service takes up to five minutes. */
const URGENT_AHEAD_MS = 240_000;
const URGENT_ATTEMPTS = 8;
const URGENT_TIMEOUT_MS = 2_000;
const URGENT_PAUSE_MS = 100;
/** Share of the time for descriptors. */
const DESCRIPTORS_SHARE = 0.4;

/**
 * Writes metrics to Cloud Monitoring by its rules: see `createSeriesTimes` for times, and at most 200 series to a request.
 * A request that fails is not repeated: the next sending has the same increments and more. Only an urgent one repeats, each
 * time dated later, because the failed one may have been carried out.
 */
export function createMonitoringSink(options: {
  client: MonitoringClient;
  projectId: string;
  definitionOf: (name: string) => MetricDefinition | undefined;
  now: () => number;
  /** Most series of this process. Default 20,000. */
  maxSeries?: number;
}): MetricSink & { stats(): MonitoringStats } {
  const { client, projectId, definitionOf, now, maxSeries = 20_000 } = options;
  const times = createSeriesTimes({ startedAtMs: now(), maxSeries });
  const descriptors = createDescriptors({ client, now });
  const counts = { pointsWritten: 0, failedRequests: 0, pointsDeferred: 0, pointsDropped: 0 };
  const refused = new Map<string, number>();
  // Once and for all: labels that change would make other series of them, which count a second time.
  let resource: MonitoredResource | undefined;

  async function send(metrics: ResourceMetrics, { urgent, timeoutMs }: SendOptions): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    times.collected(now());
    resource ??= monitoredResourceOf(metrics.resource, projectId);

    // 1. Which points there are, and which of them may be written now.
    const { readings, dropped } = readingsOf(metrics);
    counts.pointsDropped += dropped;
    const due = readings.flatMap((reading) => timed(reading, urgent));

    // 2. What the metrics are.
    const byType = new Map(due.map(({ reading }) => [reading.type, reading]));
    const wanted = [...byType.values()].map((each) => descriptorOf(each, definitionOf(each.name)));
    const faults = await descriptors.create(wanted, timeoutMs * DESCRIPTORS_SHARE);

    // 3. The points. A request that fails does not keep the others from being made.
    const requests = Array.from(
      { length: Math.ceil(due.length / MAX_SERIES_PER_REQUEST) },
      (_, n) => due.slice(n * MAX_SERIES_PER_REQUEST, (n + 1) * MAX_SERIES_PER_REQUEST),
    );
    async function work(): Promise<void> {
      for (let points = requests.shift(); points !== undefined; points = requests.shift()) {
        const fault = urgent
          ? await writeUrgently(points, deadline)
          : await writeOnce(points, deadline);
        if (fault !== undefined) faults.push(fault);
      }
    }
    await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, work));
    if (faults.length > 0) throw new Error(`Cloud Monitoring did not take all: ${words(faults)}`);
  }

  function timed(reading: Reading, urgent: boolean): Timed[] {
    const next = times.next(reading.key, urgent ? URGENT_AHEAD_MS : SLACK_MS);
    if (next.kind === 'point') return [{ reading, times: next }];
    if (next.reason === 'too-soon') counts.pointsDeferred += 1;
    else counts.pointsDropped += 1;
    return [];
  }

  async function writeOnce(points: Timed[], deadline: number): Promise<string | undefined> {
    const result = await write(points, deadline, REQUEST_TIMEOUT_MS);
    return faultOf(result);
  }

  async function writeUrgently(points: Timed[], deadline: number): Promise<string | undefined> {
    let attempt = points;
    for (let n = 1; ; n++) {
      const result = await write(attempt, deadline, URGENT_TIMEOUT_MS);
      const pauseMs = URGENT_PAUSE_MS * 2 ** (n - 1);
      const isOver = n === URGENT_ATTEMPTS || performance.now() + pauseMs >= deadline;
      if (result.kind === 'written' || !result.retryable || isOver) return faultOf(result);
      await sleep(pauseMs);
      attempt = attempt.flatMap(({ reading }) => timed(reading, true));
    }
  }

  async function write(
    points: Timed[],
    deadline: number,
    maxTimeoutMs: number,
  ): Promise<WriteResult> {
    const timeoutMs = Math.min(maxTimeoutMs, deadline - performance.now());
    const result: WriteResult =
      timeoutMs > 0
        ? await client.writeTimeSeries(
            points.map((point) => timeSeriesOf(point.reading, resource!, point.times)),
            { timeoutMs },
          )
        : NO_TIME_LEFT;
    count(result, points.length);
    return result;
  }

  function count(result: WriteResult, points: number): void {
    if (result.kind === 'failed') {
      counts.failedRequests += 1;
      return;
    }
    counts.pointsWritten += result.kind === 'written' ? points : result.written;
    if (result.kind === 'written') return;
    for (const { code, count: by } of result.refused)
      refused.set(code, (refused.get(code) ?? 0) + by);
  }

  return {
    send,
    close: () => client.close(),
    stats: () => ({
      ...counts,
      pointsRefused: Object.fromEntries(refused),
      descriptorsFailed: descriptors.failed,
    }),
  };
}

const NO_TIME_LEFT: WriteResult = {
  kind: 'failed',
  code: 'DEADLINE_EXCEEDED',
  message: 'no time was left for the request',
  retryable: true,
  mayBeWritten: false,
};

function faultOf(result: WriteResult): string | undefined {
  switch (result.kind) {
    case 'written':
      return undefined;
    case 'failed':
      return `${result.code}: ${result.message}`;
    case 'partly':
      return result.refused
        .map(({ code, message, count }) => `${count} points refused, ${code}: ${message}`)
        .join('; ');
  }
}

function words(faults: readonly string[]): string {
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
  return `${faults[0]!.slice(0, 1_000)}${more}`;
}
