import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createProfiler, type Profile } from '../../../../src/telemetry/profiling/profiler.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'profiles-'));
});
afterAll(() => rm(dir, { recursive: true }));

const create = () =>
  createProfiler({ service: 'a/b c', dir, now: () => NOW, log: { info: () => {} } });

function spin(ms: number): number {
  let n = 0;
  for (const end = performance.now() + ms; performance.now() < end; ) n += Math.sqrt(n + 1);
  return n;
}

describe('a profile', () => {
  test('of the CPU names the function that took it, and its file the service and the time', async () => {
    const profiler = create();
    const profiling = profiler.profileCpu({ seconds: 0.3 });
    // The inspector answers within the thread's own turns, however slow they are; and what runs before it listens is compiled
    // without the names that it needs.
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    spin(200);
    const { profile } = (await profiling) as { profile: Profile };
    expect(profile.fileName).toBe(`a_b_c-2026-11-20T12-00-00-000Z-${process.pid}.cpuprofile`);
    const { nodes } = JSON.parse(profile.json);
    const names = nodes.map(
      ({ callFrame }: { callFrame: { functionName: string } }) => callFrame.functionName,
    );
    expect(names).toContain('spin');
  });

  test('is saved where only its owner reads it', async () => {
    const profiler = create();
    const path = await profiler.save({ type: 'heap', fileName: 'x.heapprofile', json: '{}' });
    expect(await readFile(path, 'utf8')).toBe('{}');
    expect((await stat(path)).mode & 0o077).toBe(0);
  });

  test('is one at a time, and the next one is possible afterwards', async () => {
    const profiler = create();
    const first = profiler.profileHeap({ seconds: 0.2 });
    expect(await profiler.profileCpu({ seconds: 1 })).toEqual({
      kind: 'refused',
      reason: 'busy',
      until: NOW + 200,
    });
    expect((await first).kind).toBe('profile');
    expect((await profiler.profileCpu({ seconds: 0.05 })).kind).toBe('profile');
  });

  test('ends at once when the profiler is closed, and there are no more', async () => {
    const profiler = create();
    const profiling = profiler.profileCpu({ seconds: 60 });
    profiler.close();
    expect((await profiling).kind).toBe('profile');
    expect(await profiler.profileCpu()).toEqual({ kind: 'refused', reason: 'closed' });
  });

  test.each([0, -1, 60.1, Number.NaN, Number.POSITIVE_INFINITY])(
    'of %s seconds is refused',
    async (seconds) => {
      const profiler = create();
      await expect(profiler.profileCpu({ seconds })).rejects.toMatchObject({
        code: 'invalid_argument',
        details: [{ field: 'seconds' }],
      });
      expect((await profiler.profileCpu({ seconds: 0.01 })).kind).toBe('profile');
    },
  );
});

test('SIGUSR2 writes both profiles and says where; a second signal meanwhile is told of the first', async () => {
  const source = (path: string) => JSON.stringify(join(process.cwd(), 'src/telemetry', path));
  const child = spawn(process.execPath, [
    '--no-warnings',
    '--input-type=module-typescript',
    '--eval',
    `import { createLogger } from ${source('logging.ts')};
     import { createProfiler } from ${source('profiling/profiler.ts')};
     import { installProfileSignal } from ${source('profiling/signal.ts')};
     const log = createLogger({ service: 'worker' });
     const profiler = createProfiler({ service: 'worker', dir: ${JSON.stringify(join(dir, 'new'))}, now: Date.now, log });
     const remove = installProfileSignal(profiler, { log, cpuSeconds: 0.5, heapSeconds: 0.1 });
     process.on('SIGTERM', () => { remove(); process.kill(process.pid, 'SIGUSR2'); });
     setInterval(() => {}, 1000);
     log.info('ready');`,
  ]);
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value!);
  expect((await next()).message).toBe('ready');
  child.kill('SIGUSR2');
  expect(await next()).toMatchObject({ message: 'profile started', fields: { type: 'cpu' } });
  child.kill('SIGUSR2');
  expect(await next()).toMatchObject({ message: 'no profile', fields: { reason: 'busy' } });
  expect(await next()).toMatchObject({ message: 'profile started', fields: { type: 'heap' } });
  const written = await next();
  expect(written.message).toBe('profiles written');
  const [cpu, heap] = await Promise.all(
    written.fields.files.map(async (path: string) => JSON.parse(await readFile(path, 'utf8'))),
  );
  expect(cpu.nodes.length).toBeGreaterThan(0);
  expect(heap.head).toBeDefined();
  // Taken back, the signal does again what it does by default.
  child.kill('SIGTERM');
  const [, signal] = await exited;
  expect(signal).toBe('SIGUSR2');
});
