import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { provisionScheduler } from '../../../local/provision/scheduler.ts';
import { createManualTimers, jobName, PROJECT, startHarness } from './harness.ts';

let timers: ReturnType<typeof createManualTimers>;
let harness: Awaited<ReturnType<typeof startHarness>>;
beforeEach(async () => {
  timers = createManualTimers(Date.UTC(2026, 10, 20, 12));
  harness = await startHarness(timers);
});
afterEach(() => harness.close());

const job = {
  id: 'check-budgets',
  description: 'Goes over all budgets',
  schedule: '*/5 * * * *',
  uri: 'http://127.0.0.1:9011/',
};
const provision = () =>
  provisionScheduler({
    projectId: PROJECT,
    location: 'europe-west1',
    apiEndpoint: harness.emulator.url,
    serviceAccount: 'robot@contract-tests.iam.gserviceaccount.com',
    jobs: [job],
  });
const read = async () => (await harness.client.getJob({ name: jobName(job.id) }))[0];

test('makes jobs that call the function as its service account', async () => {
  await provision();
  const { httpTarget, ...made } = await read();
  expect(made).toMatchObject({ schedule: job.schedule, timeZone: 'Etc/UTC' });
  expect(httpTarget).toMatchObject({
    uri: job.uri,
    headers: { 'Content-Type': 'application/json' },
    oidcToken: { audience: job.uri },
  });
  expect(JSON.parse(Buffer.from(httpTarget!.body!).toString())).toEqual({ job: 'check-budgets' });
});

test('leaves a job that is right as it is, and sets right one that is not', async () => {
  await provision();
  const made = await read();
  timers.turnTo(timers.now() + 1_000);
  await provision();
  expect(await read()).toEqual(made);

  await harness.client.updateJob({ job: { name: jobName(job.id), schedule: '0 0 1 1 *' } });
  await provision();
  expect((await read()).schedule).toBe(job.schedule);
});
