import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { OAuth2Client } from 'google-auth-library';
import { createTokenIssuer } from '../../../local/oidc.ts';
import { eventually } from '../../e2e/waiting.ts';
import {
  createManualTimers,
  type Job,
  jobName,
  PARENT,
  startHarness,
  startTarget,
} from './harness.ts';

const ROBOT = 'robot@contract-tests.iam.gserviceaccount.com';
const NOON = Date.UTC(2026, 10, 20, 12, 0, 0);

let timers: ReturnType<typeof createManualTimers>;
let harness: Awaited<ReturnType<typeof startHarness>>;
let target: Awaited<ReturnType<typeof startTarget>>;
beforeEach(async () => {
  timers = createManualTimers(NOON);
  harness = await startHarness(timers);
  target = await startTarget();
});
afterEach(async () => {
  await harness.close();
  await target.close();
});

async function create(parts: Job = {}) {
  const { httpTarget, ...others } = parts;
  const job: Job = {
    name: jobName('tick'),
    schedule: '*/5 * * * *',
    httpTarget: { uri: target.url, body: Buffer.from('{"job":"tick"}'), ...httpTarget },
    ...others,
  };
  await harness.client.createJob({ parent: PARENT, job });
}
const minutes = (count: number) => NOON + count * 60_000;

test('a job runs at the times of its schedule and no others', async () => {
  await create();
  timers.turnTo(minutes(4.9));
  expect(target.received).toEqual([]);
  timers.turnTo(minutes(5));
  await harness.ended(1);
  timers.turnTo(minutes(10));
  await harness.ended(2);
  expect(target.received.map(({ headers }) => headers['x-cloudscheduler-scheduletime'])).toEqual([
    '2026-11-20T12:05:00.000Z',
    '2026-11-20T12:10:00.000Z',
  ]);
});

test("a request carries the job's body and headers, and those of the service", async () => {
  const headers = { 'Content-Type': 'application/json', 'User-Agent': 'mine' };
  await create({ httpTarget: { headers } });
  timers.turnTo(minutes(5));
  await harness.ended(1);
  expect(target.received[0]).toMatchObject({
    method: 'POST',
    body: '{"job":"tick"}',
    headers: {
      'content-type': 'application/json',
      'content-length': '14',
      'user-agent': 'Google-Cloud-Scheduler',
      'x-cloudscheduler': 'true',
      'x-cloudscheduler-jobname': 'tick',
    },
  });
});

test('the token is one that google-auth-library verifies with the keys Pub/Sub publishes', async () => {
  // As the local Pub/Sub does with the same key.
  const issuer = await createTokenIssuer({ signingKey: harness.signingKey, now: Date.now });
  const certs = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', connection: 'close' });
    response.end(JSON.stringify(issuer.pemCerts));
  });
  certs.listen(0, '127.0.0.1');
  await once(certs, 'listening');
  const certsUrl = `http://127.0.0.1:${(certs.address() as AddressInfo).port}/`;

  timers.turnTo(Date.now());
  await create({
    httpTarget: { oidcToken: { serviceAccountEmail: ROBOT, audience: 'our-audience' } },
  });
  await harness.client.runJob({ name: jobName('tick') });
  await target.receivedAtLeast(1);
  const idToken = target.received[0]!.headers.authorization!.slice('Bearer '.length);
  const verifier = new OAuth2Client({ endpoints: { oauth2FederatedSignonPemCertsUrl: certsUrl } });
  const ticket = await verifier.verifyIdToken({ idToken, audience: 'our-audience' });
  expect(ticket.getPayload()).toMatchObject({ email: ROBOT, email_verified: true });
  certs.close();
});

test('a failed run is repeated with growing delays, as often as its configuration says', async () => {
  target.answers.push(500, 503, 404);
  await create({ retryConfig: { retryCount: 2, minBackoffDuration: { seconds: 10 } } });
  timers.turnTo(minutes(5));
  for (const [attempts, secondsLater] of [
    [1, 10],
    [2, 30],
  ] as const) {
    await target.receivedAtLeast(attempts);
    await eventually(() => timers.alarms() === 1, { what: 'the wait for a retry' });
    timers.turnTo(minutes(5) + secondsLater * 1_000);
  }
  await harness.ended(1);
  expect(target.received).toHaveLength(3);
  expect(harness.reports).toMatchObject([
    {
      attempts: 3,
      trigger: 'schedule',
      status: { code: 5, message: 'The target answered HTTP 404' },
    },
  ]);
});

test('a run that comes due while another is under way starts once that has ended, and only once', async () => {
  const slow = Promise.withResolvers<number>();
  target.answers.push(slow.promise);
  await create({ attemptDeadline: { seconds: 1_800 } });
  timers.turnTo(minutes(5));
  await target.receivedAtLeast(1);
  timers.turnTo(minutes(16));
  expect(target.received).toHaveLength(1);
  slow.resolve(204);
  await harness.ended(1);
  timers.turnTo(minutes(16.1));
  await harness.ended(2);
  timers.turnTo(minutes(19));
  expect(target.received).toHaveLength(2);
  timers.turnTo(minutes(20));
  await harness.ended(3);
});

test('a run that is asked for starts at once, though another is under way or the job is paused', async () => {
  const slow = Promise.withResolvers<number>();
  target.answers.push(slow.promise);
  await create();
  await harness.client.runJob({ name: jobName('tick') });
  await target.receivedAtLeast(1);
  const [underWay] = await harness.client.getJob({ name: jobName('tick') });
  expect(underWay.status).toMatchObject({ code: -1 });
  await harness.client.pauseJob({ name: jobName('tick') });
  await harness.client.runJob({ name: jobName('tick') });
  await harness.ended(1);
  expect(harness.reports[0]).toMatchObject({ trigger: 'request', status: {} });
  slow.resolve(204);
  await harness.ended(2);
});

test('a paused or deleted job does not run', async () => {
  await create();
  await harness.client.pauseJob({ name: jobName('tick') });
  timers.turnTo(minutes(20));
  await harness.client.resumeJob({ name: jobName('tick') });
  await harness.client.deleteJob({ name: jobName('tick') });
  timers.turnTo(minutes(40));
  expect(target.received).toEqual([]);
});

test('a target that cannot be reached is a failure that says so', async () => {
  await create({ httpTarget: { uri: 'http://127.0.0.1:1/' } });
  timers.turnTo(minutes(5));
  await harness.ended(1);
  expect(harness.reports[0]!.status).toMatchObject({
    code: 14,
    message: expect.stringContaining('The target cannot be reached'),
  });
});
