import { afterEach, expect, test } from '@jest/globals';
import { createHandler } from '../../../functions/detect-anomalies.ts';
import { serveFunction } from '../../../src/cloud/function-server.ts';

const open: { drain: () => Promise<void> }[] = [];
afterEach(() => Promise.all(open.splice(0).map((server) => server.drain())));

let names = 0;
/** The function behind its real server, whose jobs end so; and what was run. */
async function serve(ends: { detection?: object; weekly?: () => Promise<object> } = {}) {
  const ran: string[] = [];
  const detection = {
    async run() {
      ran.push('detection');
      return (ends.detection ?? { 'cost-anomalies': { kind: 'overlapped' } }) as never;
    },
  };
  const weekly = {
    async run() {
      ran.push('weekly');
      return ((await ends.weekly?.()) ?? { kind: 'overlapped' }) as never;
    },
  };
  const log = { info() {}, warn() {}, error() {} };
  const server = await serveFunction({
    name: `detect-anomalies-${++names}`,
    port: 0,
    maxBodyBytes: 1_000,
    handler: createHandler({ detection, weekly }, log as never),
  });
  open.push(server);
  const post = async (body: unknown) => {
    const response = await fetch(`http://127.0.0.1:${server.port}/`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    return response.status;
  };
  return { post, ran };
}

test('each job of the schedule runs what it names, and nothing else', async () => {
  const { post, ran } = await serve();
  expect(await post({ job: 'detect-anomalies' })).toBe(200);
  expect(await post({ job: 'weekly-insights' })).toBe(200);
  expect(ran).toEqual(['detection', 'weekly']);
  expect(await post({ job: 'check-budgets' })).toBe(400);
  expect(await post('weekly-insights')).toBe(400);
  expect(ran).toHaveLength(2);
});

test('what failed is answered with 500, to be called again', async () => {
  const detection = { 'cost-anomalies': { kind: 'failed', reason: 'no warehouse' } };
  const weekly = async () => {
    throw new Error('no warehouse');
  };
  const { post } = await serve({ detection, weekly });
  expect(await post({ job: 'detect-anomalies' })).toBe(500);
  expect(await post({ job: 'weekly-insights' })).toBe(500);
});
