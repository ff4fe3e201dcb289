import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { createMonitoringEmulator } from '../../local/monitoring/emulator.ts';

const SCRIPT = fileURLToPath(new URL('../support/counting-process.ts', import.meta.url));
const INCREMENTS = 1_000_000;
/** Long enough for the real interval of ten seconds to pass twice before the end. */
const SECONDS = 23;

test('a counter incremented a million times in each of three processes ends at three million, though every third request fails', async () => {
  const monitoring = createMonitoringEmulator({ projectId: 'counting' });
  await monitoring.start();
  monitoring.faults.set([{ kind: 'fail', every: 3 }]);
  const env = {
    PATH: process.env.PATH,
    METADATA_SERVER_DETECTION: 'none',
    GOOGLE_CLOUD_PROJECT: 'counting',
    OTEL_METRICS_EXPORTER: 'cloud-monitoring',
    OTEL_METRIC_EXPORT_INTERVAL: '10000',
    MONITORING_API_ENDPOINT: monitoring.address,
  };
  const children: ChildProcess[] = [];
  try {
    for (let n = 0; n < 3; n++) {
      const args = ['--increments', String(INCREMENTS), '--seconds', String(SECONDS)];
      const stdio = ['ignore', 'pipe', 'inherit'] as const;
      children.push(
        spawn(process.execPath, ['--no-warnings', SCRIPT, ...args], { env, stdio: [...stdio] }),
      );
    }
    const exits = await Promise.all(children.map((child) => once(child, 'exit')));
    expect(exits.map(([code]) => code)).toEqual([0, 0, 0]);
    expect(monitoring.faults.current[0]!.struck).toBeGreaterThan(2);

    const series = monitoring.store.series({
      metricType: 'custom.googleapis.com/agentworks/test/increments',
    });
    expect(series).toHaveLength(6);
    const last = series.map(({ points }) => BigInt(points.at(-1)!.value as bigint | number));
    expect(last.reduce((sum, value) => sum + value, 0n)).toBe(3n * BigInt(INCREMENTS));
    expect(monitoring.store.refusals).toEqual([]);
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await monitoring.close();
  }
}, 300_000);
