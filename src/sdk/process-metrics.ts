import { monitorEventLoopDelay } from 'node:perf_hooks';
import { KPI } from '../telemetry/metrics/catalogue.ts';
import type { MetricsRecorder } from '../telemetry/metrics/recorder-contract.ts';

const EVERY_MS = 10_000;
const NS_PER_MS = 1e6;
/** How often the event loop is looked at; Node's figures include it. */
const RESOLUTION_MS = 100;

/**
 * Records memory, CPU and event loop lag of this process every ten seconds. The timer keeps no process alive; `close` ends
 * it.
 */
export function recordProcess(metrics: MetricsRecorder): { close(): void } {
  const lag = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  lag.enable();
  let cpu = process.cpuUsage();
  let at = performance.now();

  function record(): void {
    const { rss, heapUsed, external } = process.memoryUsage();
    metrics.recordSystemMetric(KPI.memoryUsed, rss, { memory_type: 'rss' });
    metrics.recordSystemMetric(KPI.memoryUsed, heapUsed, { memory_type: 'heap_used' });
    metrics.recordSystemMetric(KPI.memoryUsed, external, { memory_type: 'external' });

    const used = process.cpuUsage(cpu);
    const elapsedMs = performance.now() - at;
    cpu = process.cpuUsage();
    at = performance.now();
    const cpuMs = (used.user + used.system) / 1_000;
    metrics.recordSystemMetric(KPI.cpuUtilization, cpuMs / elapsedMs);

    if (lag.count > 0) {
      for (const percentile of [50, 99]) {
        const lagMs = Math.max(0, lag.percentile(percentile) / NS_PER_MS - RESOLUTION_MS);
        metrics.recordSystemMetric(KPI.eventLoopLag, lagMs, { percentile: `p${percentile}` });
      }
    }
    lag.reset();
  }

  const timer = setInterval(record, EVERY_MS).unref();
  return {
    close() {
      clearInterval(timer);
      lag.disable();
    },
  };
}
