import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createAlertLog } from '../../../src/alerts/alert-log.ts';
import { createAlertHistory } from '../../../src/alerts/history.ts';
import { formatInstant } from '../../../src/core/time.ts';
import { alertOf } from '../../support/alerts.ts';
import { startRedis } from '../../support/redis-server.ts';
import { createWorld, failed, messageOf, START } from './harness.ts';

let server: Awaited<ReturnType<typeof startRedis>>;
let world: ReturnType<typeof createWorld>;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server?.stop());
beforeEach(async () => {
  world = createWorld(server.redis);
  await world.reset();
});

const history = () => createAlertHistory({ warehouse: world.ledger, now: () => world.nowMs });
async function raiseAndDeliver(id: string, afterMs: number, parts = {}) {
  const alert = alertOf({ id, raisedAt: formatInstant(START + afterMs), ...parts });
  await createAlertLog({ warehouse: world.ledger }).appendRaised(alert);
  await world.instance().deliver(messageOf(alert));
  return alert;
}

test('an alert is shown with what became of it, newest first', async () => {
  const first = await raiseAndDeliver('a', 0);
  world.answer = async () => failed({ ambiguous: true, detail: 'HTTP 502' });
  await raiseAndDeliver('b', 10);
  const list = await history().list({ workspaceId: 'acme', limit: 10 });
  expect(list.map(({ id }) => id)).toEqual(['b', 'a']);
  expect(list[0]!.deliveries).toEqual([
    {
      channelScope: 'acme',
      channelId: 'mail',
      channelKind: 'email',
      status: 'failed',
      attempts: 3,
      ambiguous: 2,
      lastAt: formatInstant(START + 3_000),
      nextAttemptAt: formatInstant(START + 7_000),
      detail: 'HTTP 502',
    },
  ]);
  expect(list[1]).toMatchObject({ ...first, deliveries: [{ status: 'sent', attempts: 1 }] });
});

test('a list can be narrowed by time, type, severity and length', async () => {
  await raiseAndDeliver('a', 0, { severity: 'low' });
  await raiseAndDeliver('b', 10, { type: 'spike' });
  await raiseAndDeliver('c', 20);
  const ids = async (query: object) =>
    (await history().list({ workspaceId: 'acme', limit: 10, ...query })).map(({ id }) => id);
  world.nowMs = START + 20;
  expect(await ids({})).toEqual(['c', 'b', 'a']);
  expect(await ids({ limit: 1 })).toEqual(['c']);
  expect(await ids({ fromMs: START + 10, toMs: START + 20 })).toEqual(['b']);
  expect(await ids({ type: 'spike' })).toEqual(['b']);
  expect(await ids({ severity: 'low' })).toEqual(['a']);
});

test('one alert is shown with every step, and one that nobody takes with the reason', async () => {
  world.channels = [];
  await raiseAndDeliver('a', 0);
  expect(await history().get('acme', 'a')).toMatchObject({
    id: 'a',
    deliveries: [],
    nobodyBecause: 'there is no channel',
    attempts: [{ event: 'raised' }, { event: 'skipped', detail: 'there is no channel' }],
  });
  const [listed] = await history().list({ workspaceId: 'acme', limit: 10 });
  expect(listed).toMatchObject({ deliveries: [], nobodyBecause: 'there is no channel' });
});

test("another workspace's alert is not there", async () => {
  await raiseAndDeliver('a', 0);
  expect(await history().get('other', 'a')).toBeUndefined();
  expect(await history().list({ workspaceId: 'other', limit: 10 })).toEqual([]);
});
