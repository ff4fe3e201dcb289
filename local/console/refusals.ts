import type { LogStore } from '../logging/store.ts';
import type { MonitoringStore } from '../monitoring/store.ts';
import type { OtlpReceiver } from '../otlp/receiver.ts';

/** Something an endpoint did not take: how often, when last, and what it answered. */
export type RefusalLine = {
  endpoint: 'Monitoring' | 'Logging' | 'OTLP';
  count: number;
  /** Absent where nobody noted it. */
  lastAtMs?: number;
  message: string;
};

/** What the endpoints refused since their start, the latest first; `total` counts all of it. Pure. */
export function listRefusals(options: {
  monitoring: Pick<MonitoringStore, 'refusals'>;
  logging: Pick<LogStore, 'counts'>;
  otlp: Pick<OtlpReceiver['store'], 'refusals'>;
}): { total: number; refusals: RefusalLine[] } {
  const { monitoring, logging, otlp } = options;
  const { refused, discarded } = logging.counts;
  const logged: RefusalLine[] = [
    { endpoint: 'Logging' as const, count: refused, message: 'Entries that were refused' },
    { endpoint: 'Logging' as const, count: discarded, message: 'Entries too old to be kept' },
  ].filter(({ count }) => count > 0);
  const monitored = monitoring.refusals.map(
    ({ rule, message, count, lastAtMs }): RefusalLine => ({
      endpoint: 'Monitoring',
      count,
      lastAtMs,
      message: `${rule}: ${message}`,
    }),
  );
  const received = otlp.refusals.list().map(
    ({ at, signal, count, reason }): RefusalLine => ({
      endpoint: 'OTLP',
      count: Math.max(1, count),
      lastAtMs: Date.parse(at),
      message: `${signal}: ${reason}`,
    }),
  );
  const sum = (lines: readonly RefusalLine[]) => lines.reduce((all, { count }) => all + count, 0);
  return {
    total: sum(monitored) + sum(logged) + otlp.refusals.total(),
    refusals: [...monitored, ...logged, ...received].sort(
      (a, b) => (b.lastAtMs ?? 0) - (a.lastAtMs ?? 0),
    ),
  };
}
