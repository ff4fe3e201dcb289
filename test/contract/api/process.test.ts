import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startRedis } from '../../support/redis-server.ts';
import { ADMIN_KEY, event, startApi } from './harness.ts';

const MAIN = fileURLToPath(new URL('../../../services/api/main.ts', import.meta.url));

let server: Awaited<ReturnType<typeof startRedis>>;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

function startMain(env: Record<string, string>) {
  const child = spawn(process.execPath, ['--no-warnings', MAIN], {
    env: { PATH: process.env.PATH, METADATA_SERVER_DETECTION: 'none', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines = createInterface({ input: child.stdout });
  return { child, lines, exit: once(child, 'exit') };
}

describe('the API over HTTP', () => {
  test('answers what was asked before it closes', async () => {
    let handOver = () => {};
    const held = new Promise<void>((resolve) => {
      handOver = resolve;
    });
    let reached = () => {};
    const underWay = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const publisher = {
      publish: async () => {
        reached();
        await held;
        return '1';
      },
    };
    const { app } = await startApi(server.redis, { deps: { publisher } });
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    const answer = fetch(`${url}/v1/cost-events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ events: [event('one')] }),
    });
    await underWay;
    const closed = app.close();
    handOver();
    expect((await answer).status).toBe(202);
    await closed;
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });
});

describe('the API as a process', () => {
  test('says when it listens, tells what it misses, and exits with 0 on SIGTERM', async () => {
    const nowhere = '127.0.0.1:9';
    const { child, lines, exit } = startMain({
      GOOGLE_CLOUD_PROJECT: 'tests',
      REDIS_URL: `redis://127.0.0.1:${server.port}`,
      PORT: String(20_000 + (process.pid % 20_000)),
      BIGQUERY_API_ENDPOINT: `http://${nowhere}`,
      PUBSUB_EMULATOR_HOST: nowhere,
      API_KEY_PEPPER: 'pepper',
      BOOTSTRAP_ADMIN_KEY: ADMIN_KEY,
    });
    try {
      const [line] = await once(lines, 'line');
      const entry = JSON.parse(line);
      expect(entry).toMatchObject({
        severity: 'INFO',
        message: 'listening',
        'logging.googleapis.com/labels': { service: 'api' },
      });
      const url = `http://127.0.0.1:${entry.fields.port}`;
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      const ready = await fetch(`${url}/readyz`);
      expect(ready.status).toBe(503);
      expect(await ready.json()).toMatchObject({
        status: 'unready',
        dependencies: { redis: { ok: true }, bigquery: { ok: false }, pubsub: { ok: false } },
      });
    } finally {
      child.kill('SIGTERM');
    }
    expect((await exit)[0]).toBe(0);
  });

  test('without its configuration it says all that is missing and does not start', async () => {
    const { child, exit } = startMain({ PORT: 'x' });
    let told = '';
    child.stderr.on('data', (data) => {
      told += data;
    });
    expect((await exit)[0]).not.toBe(0);
    for (const name of ['GOOGLE_CLOUD_PROJECT', 'REDIS_URL', 'API_KEY_PEPPER', 'PORT']) {
      expect(told).toContain(name);
    }
  });
});
