import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createGuard } from '../../local/supervisor/guard.ts';
import { createSupervisor, type Supervisor } from '../../local/supervisor/supervisor.ts';
import { standIn } from './stand-in.ts';
import { eventually, freePort, isAlive } from './waiting.ts';

let dir: string;
let said: string[];
let spawned: number;
let supervisor: Supervisor;
let guard: ReturnType<typeof createGuard>;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'supervisor-'));
  said = [];
  spawned = 0;
  guard = createGuard({ endpointFiles: [] });
  supervisor = createSupervisor({
    logDir: join(dir, 'logs'),
    guard,
    say: (line) => said.push(line),
    onSpawn: () => {
      spawned += 1;
    },
    now: Date.now,
  });
});

afterEach(async () => {
  await supervisor.stop();
  guard.leave();
  rmSync(dir, { recursive: true, force: true });
});

describe('supervised processes', () => {
  test('a killed process is started again under a new id, as often as it is killed', async () => {
    await supervisor.start([standIn({ name: 'redis', port: await freePort() })]);
    let pid = supervisor.pids().redis!;
    for (let killed = 1; killed <= 2; killed += 1) {
      process.kill(pid, 'SIGKILL');
      const before = pid;
      await eventually(() => said.filter((line) => line.includes('is back')).length === killed);
      pid = supervisor.pids().redis!;
      expect(pid).not.toBe(before);
    }
    expect(spawned).toBe(3);
    expect(said).toContainEqual(expect.stringMatching(/^redis was ended by SIGKILL; starting it/));
  });

  test('what a process forgot is set up again before it counts as back', async () => {
    let setUps = 0;
    const spec = standIn({ name: 'pubsub', port: await freePort() });
    const afterRestart = async () => {
      setUps += 1;
    };
    await supervisor.start([{ ...spec, afterRestart }]);
    expect(setUps).toBe(0);
    process.kill(supervisor.pids().pubsub!, 'SIGKILL');
    await eventually(() => said.some((line) => line.includes('is back')));
    expect(setUps).toBe(1);
  });

  test('a start that fails says why, with the end of the log', async () => {
    const spec = standIn({ name: 'api', port: await freePort() });
    const args = ['-e', 'console.error("REDIS_URL is required"); process.exit(3)'];
    await expect(supervisor.start([{ ...spec, args }])).rejects.toThrow(
      /api ended with code 3\n.*REDIS_URL is required/,
    );
  });

  test('a command that does not exist is reported, not thrown at the process', async () => {
    const spec = standIn({ name: 'redis', port: await freePort() });
    await expect(supervisor.start([{ ...spec, command: 'no-such-command-here' }])).rejects.toThrow(
      /redis could not be started: .*ENOENT/,
    );
  });

  test('errors in structured logs reach the user', async () => {
    const spec = standIn({ name: 'api', port: await freePort() });
    const args = [
      spec.args[0]!,
      `console.log('{"severity":"ERROR","message":"ouch"}');${spec.args[1]}`,
    ];
    await supervisor.start([{ ...spec, args }]);
    await eventually(() => said.includes('api: ouch'));
  });

  test('stopping goes from the last started to the first, and lets each finish', async () => {
    const first = standIn({ name: 'redis', port: await freePort() });
    const second = standIn({ name: 'api', port: await freePort(), onTerm: 300 });
    await supervisor.start([first]);
    await supervisor.start([second]);
    const { redis, api } = supervisor.pids() as { redis: number; api: number };
    const stopped = supervisor.stop();
    await eventually(() => !isAlive(api) || !isAlive(redis));
    expect(isAlive(api)).toBe(false);
    await stopped;
    expect(isAlive(redis)).toBe(false);
    expect(said.filter((line) => line.includes('was killed'))).toEqual([]);
  });

  test('a process that ignores SIGTERM is killed when its time is up', async () => {
    await supervisor.start([standIn({ name: 'api', port: await freePort(), onTerm: 'ignores' })]);
    const { api } = supervisor.pids() as { api: number };
    await supervisor.stop();
    expect(isAlive(api)).toBe(false);
    expect(said).toContainEqual('api did not stop within 1.0 s and was killed');
  });

  test('a process that waits for its next start is not started any more once stopped', async () => {
    await supervisor.start([standIn({ name: 'api', port: await freePort() })]);
    process.kill(supervisor.pids().api!, 'SIGKILL');
    await eventually(() => said.some((line) => line.includes('starting it again')));
    await supervisor.stop();
    expect(supervisor.pids()).toEqual({});
    expect(spawned).toBe(1);
  });
});

describe('when the supervisor itself is killed with -9', () => {
  let host: ChildProcess;

  afterEach(() => {
    host.kill('SIGKILL');
  });

  test('its processes end, also those that ignore SIGTERM, and its endpoint file goes', async () => {
    const root = resolve(import.meta.dirname, '../..');
    const endpointFile = join(dir, 'endpoints.json');
    const script = join(dir, 'host.ts');
    writeFileSync(
      script,
      `import { createGuard } from '${root}/local/supervisor/guard.ts';
       import { createSupervisor } from '${root}/local/supervisor/supervisor.ts';
       import { createEndpointFiles } from '${root}/local/endpoints.ts';
       import { standIn } from '${root}/test/e2e/stand-in.ts';
       const files = createEndpointFiles({ stateDir: '${dir}', portBase: 8400 });
       const guard = createGuard({ endpointFiles: [files.own, files.shared] });
       const supervisor = createSupervisor({
         logDir: '${dir}/logs', guard, say: () => {}, onSpawn: () => {}, now: Date.now,
       });
       await supervisor.start([
         standIn({ name: 'redis', port: ${await freePort()} }),
         standIn({ name: 'api', port: ${await freePort()}, onTerm: 'ignores' }),
       ]);
       files.publish({ pids: { ...supervisor.pids(), supervisor: process.pid } });
       console.log(JSON.stringify({ ...supervisor.pids(), guard: guard.pid }));`,
    );
    host = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pids = JSON.parse(await firstLine(host)) as Record<string, number>;
    host.kill('SIGKILL');
    await eventually(() => !isAlive(pids.redis!), { what: 'the end of redis' });
    await eventually(() => !isAlive(pids.api!), { timeoutMs: 20_000, what: 'the end of api' });
    await eventually(() => !isAlive(pids.guard!), { what: 'the end of the guard' });
    expect(existsSync(endpointFile)).toBe(false);
  });
});

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout!.on('data', (chunk) => {
      text += chunk;
      if (text.includes('\n')) resolve(text.split('\n')[0]!);
    });
    child.once('exit', (code) => reject(new Error(`ended with code ${code}: ${text}`)));
  });
}
