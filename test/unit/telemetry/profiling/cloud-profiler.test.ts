import { expect, test } from '@jest/globals';
import { startCloudProfiler } from '../../../../src/telemetry/profiling/cloud-profiler.ts';

function start(options: Partial<Parameters<typeof startCloudProfiler>[0]>) {
  const lines: string[] = [];
  const log = { info: () => {}, warn: (message: string) => void lines.push(message) };
  const outcome = startCloudProfiler({ enabled: true, service: 'api', log, ...options });
  return { lines, outcome };
}

test('nothing is loaded unless the configuration asks for it', async () => {
  const load = () => Promise.reject(new Error('loaded'));
  const { outcome, lines } = start({ enabled: false, load });
  expect(await outcome).toEqual({ kind: 'off', reason: 'not-configured' });
  expect(lines).toEqual([]);
});

test('without the package one warning says what to do, and the process goes on', async () => {
  const { outcome, lines } = start({});
  expect(await outcome).toEqual({ kind: 'off', reason: 'not-installed' });
  expect(lines).toEqual([expect.stringContaining('--build-arg CLOUD_PROFILER=yes')]);
});

test('it is started with the service and its version', async () => {
  const started: unknown[] = [];
  const load = async () => ({ start: async (config: unknown) => void started.push(config) });
  const { outcome } = start({ version: '1', projectId: 'p', load });
  expect(await outcome).toEqual({ kind: 'started' });
  expect(started).toEqual([{ projectId: 'p', serviceContext: { service: 'api', version: '1' } }]);
});

test('one that does not start is warned of, never thrown', async () => {
  const { outcome, lines } = start({ load: () => Promise.reject(new Error('no headers')) });
  expect(await outcome).toEqual({ kind: 'off', reason: 'failed' });
  expect(lines).toHaveLength(1);
});
