import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { takenPorts } from '../../local/ports.ts';
import { DEMO_WORKSPACES } from '../../local/workload/traffic.ts';
import { createScheduler } from '../../src/cloud/scheduler.ts';
import { cleanEnvironment, type LocalCloud, runStart, startLocalCloud } from './local-cloud.ts';
import { eventually, isAlive } from './waiting.ts';

const START_MS = 400_000;

describe('npm start', () => {
  let cloud: LocalCloud;
  beforeAll(async () => {
    cloud = await startLocalCloud();
  }, START_MS);
  afterAll(async () => {
    await cloud?.stop();
  }, START_MS);

  const get = (path: string) =>
    fetch(`${cloud.endpoints.api}${path}`, {
      headers: { authorization: `Bearer ${cloud.endpoints.apiKey}` },
    });
  const eventsOf = async (workspaceId: string): Promise<number> => {
    const response = await get(`/v1/workspaces/${workspaceId}/costs`);
    return response.ok ? ((await response.json()) as { events: number }).events : 0;
  };
  /** Resolves when every demo workspace counts more events than now. */
  const newEventsEverywhere = async (what: string): Promise<void> => {
    for (const workspaceId of DEMO_WORKSPACES) {
      const before = await eventsOf(workspaceId);
      await eventually(async () => (await eventsOf(workspaceId)) > before, {
        timeoutMs: 40_000,
        what: `new events of ${workspaceId} ${what}`,
      });
    }
  };

  test('prints every address once it can be used', async () => {
    const { api, inbox, scheduler, smtp, bigquery, pubsub, redis, apiKey } = cloud.endpoints;
    for (const address of [api, inbox, scheduler, smtp, bigquery, pubsub, redis, apiKey]) {
      expect(cloud.output()).toContain(address);
    }
    expect((await get('/readyz')).status).toBe(200);
  });

  test('feeds the demo workspaces: costs can be read that went all the way', async () => {
    await newEventsEverywhere('after the start');
  }, 300_000);

  test('schedules the functions that Cloud Scheduler calls, also after the scheduler is killed', async () => {
    const { project, scheduler: apiEndpoint } = cloud.endpoints;
    const scheduler = createScheduler({
      projectId: project,
      location: 'europe-west1',
      apiEndpoint,
    });
    const jobs = async () =>
      (await scheduler.list()).map(({ name, schedule, state }) => ({ name, schedule, state }));
    const expected = [
      { name: 'check-budgets', schedule: '*/5 * * * *', state: 'enabled' },
      { name: 'deliver-alerts', schedule: '* * * * *', state: 'enabled' },
      { name: 'detect-anomalies', schedule: '7 * * * *', state: 'enabled' },
      { name: 'detect-error-patterns', schedule: '12 * * * *', state: 'enabled' },
      { name: 'publish-business-metrics', schedule: '17 * * * *', state: 'enabled' },
      { name: 'weekly-insights', schedule: '37 6 * * 1', state: 'enabled' },
    ];
    expect(await jobs()).toEqual(expected);
    process.kill(cloud.current().pids.scheduler!, 'SIGKILL');
    await eventually(() => cloud.output().includes('scheduler is back'), { timeoutMs: 20_000 });
    expect(await jobs()).toEqual(expected);
    await scheduler.close();
  }, 300_000);

  test('has the scheduled functions take the token of the scheduler', async () => {
    const { project, scheduler: apiEndpoint } = cloud.endpoints;
    const scheduler = createScheduler({
      projectId: project,
      location: 'europe-west1',
      apiEndpoint,
    });
    const names = [
      'check-budgets',
      'deliver-alerts',
      'detect-anomalies',
      'detect-error-patterns',
      'publish-business-metrics',
      'weekly-insights',
    ];
    for (const name of names) {
      await scheduler.run(name);
      const underWay = { code: -1, message: '' };
      const after = await eventually(
        async () => {
          const job = await scheduler.get(name);
          return !isDeepStrictEqual(job.lastStatus, underWay) && job;
        },
        { what: `the end of ${name}`, timeoutMs: 30_000 },
      );
      expect(after.lastStatus).toBe('ok');
    }
    await scheduler.close();
  }, 300_000);

  test('keeps what the inbox has received when the inbox is killed', async () => {
    const { inbox } = cloud.endpoints;
    const webhook = `${inbox}/services/T0000/B0000/local`;
    await fetch(webhook, { method: 'POST', body: JSON.stringify({ text: 'kept' }) });
    process.kill(cloud.current().pids.inbox!, 'SIGKILL');
    await eventually(() => cloud.output().includes('inbox is back'), { timeoutMs: 20_000 });
    const response = await fetch(`${inbox}/messages.json?kind=slack`);
    expect(await response.json()).toMatchObject({ messages: [{ text: 'kept' }] });
  }, 300_000);

  test.each([
    'redis',
    'ingest-cost-events',
    'check-budgets',
    'deliver-alerts',
    'detect-anomalies',
    'detect-error-patterns',
    'publish-business-metrics',
    'api',
    'bigquery',
    'pubsub',
  ])(
    'goes on after %s is killed',
    async (name) => {
      const before = cloud.current().pids[name]!;
      process.kill(before, 'SIGKILL');
      await eventually(() => cloud.output().includes(`${name} is back`), { timeoutMs: 20_000 });
      expect(cloud.current().pids[name]).not.toBe(before);
      await newEventsEverywhere(`after ${name} was killed`);
    },
    400_000,
  );

  test('ends on SIGTERM with code 0, leaving neither process nor port nor file', async () => {
    const { pids, api } = cloud.current();
    expect(await cloud.stop()).toBe(0);
    expect(Object.entries(pids).filter(([, pid]) => isAlive(pid))).toEqual([]);
    expect(await takenPorts({ api: Number(new URL(api).port) })).toEqual([]);
    expect(existsSync(cloud.stateDir)).toBe(false);
    expect(cloud.output()).toContain('Stopped.');
    expect(cloud.output()).not.toContain('was killed');
  }, 300_000);
});

describe('npm start refuses', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'start-'));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test('beside real credentials, and says how to start without them', async () => {
    const key = join(dir, 'key.json');
    writeFileSync(key, '{}');
    const env = { ...cleanEnvironment(dir), GOOGLE_APPLICATION_CREDENTIALS: key };
    const started = runStart(['--state-dir', dir], env);
    expect(await started.exit).toBe(1);
    expect(started.output()).toContain('env -u GOOGLE_APPLICATION_CREDENTIALS npm start');
  });

  test('a port that is taken, by name, with a base that is free', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    const args = ['--port-base', String(port - 40), '--state-dir', dir];
    const started = runStart(args, cleanEnvironment(dir));
    expect(await started.exit).toBe(1);
    server.close();
    expect(started.output()).toContain(`Port ${port} (redis) is taken`);
    expect(started.output()).toMatch(/npm start -- --port-base \d+/);
  });

  test('an option it does not know, with its usage', async () => {
    const started = runStart(['--prot-base', '1'], cleanEnvironment(dir));
    expect(await started.exit).toBe(1);
    expect(started.output()).toMatch(/Unknown option '--prot-base'[\s\S]*Usage: npm start/);
  });
});
