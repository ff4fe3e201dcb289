import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createScheduler, type Scheduler } from '../../../src/cloud/scheduler.ts';
import { type Job, jobName, PARENT, PROJECT, startHarness, startTarget } from './harness.ts';

let harness: Awaited<ReturnType<typeof startHarness>>;
let target: Awaited<ReturnType<typeof startTarget>>;
beforeAll(async () => {
  harness = await startHarness();
  target = await startTarget();
});
afterAll(async () => {
  await harness.close();
  await target.close();
});

const job = (id: string, parts: Job = {}): Job => ({
  name: jobName(id),
  schedule: '0 5 * * *',
  timeZone: 'Europe/Vienna',
  httpTarget: { uri: target.url, httpMethod: 'POST', body: Buffer.from('{"job":"x"}') },
  ...parts,
});
const create = async (id: string, parts: Job = {}) =>
  (await harness.client.createJob({ parent: PARENT, job: job(id, parts) }))[0];

describe("Google's client", () => {
  test('creates a job and reads it back with the defaults of the service', async () => {
    await create('made', { description: 'what it is for' });
    const [made] = await harness.client.getJob({ name: jobName('made') });
    expect(made).toMatchObject({
      name: jobName('made'),
      description: 'what it is for',
      schedule: '0 5 * * *',
      timeZone: 'Europe/Vienna',
      state: 'ENABLED',
      httpTarget: { uri: target.url, httpMethod: 'POST' },
      attemptDeadline: { seconds: '180' },
      retryConfig: { minBackoffDuration: { seconds: '5' }, maxDoublings: 5 },
      lastAttemptTime: null,
      status: null,
    });
    expect(Buffer.from(made.httpTarget!.body!).toString()).toBe('{"job":"x"}');
    const next = new Date(Number(made.scheduleTime!.seconds) * 1_000);
    expect(next.toLocaleTimeString('en-GB', { timeZone: 'Europe/Vienna' })).toBe('05:00:00');
  });

  test('lists, updates by mask, pauses, resumes and deletes', async () => {
    await create('changing', { description: 'before' });
    const [updated] = await harness.client.updateJob({
      job: { name: jobName('changing'), schedule: '*/5 * * * *', description: 'not in the mask' },
      updateMask: { paths: ['schedule'] },
    });
    expect(updated).toMatchObject({ schedule: '*/5 * * * *', description: 'before' });
    expect(Buffer.from(updated.httpTarget!.body!).toString()).toBe('{"job":"x"}');

    const [paused] = await harness.client.pauseJob({ name: jobName('changing') });
    expect(paused).toMatchObject({ state: 'PAUSED', scheduleTime: null });
    await expect(harness.client.pauseJob({ name: jobName('changing') })).rejects.toMatchObject({
      code: 9,
    });
    const [resumed] = await harness.client.resumeJob({ name: jobName('changing') });
    expect(resumed.state).toBe('ENABLED');
    expect(resumed.scheduleTime).not.toBeNull();

    const [jobs] = await harness.client.listJobs({ parent: PARENT });
    expect(jobs.map(({ name }) => name)).toContain(jobName('changing'));
    await harness.client.deleteJob({ name: jobName('changing') });
    await expect(harness.client.getJob({ name: jobName('changing') })).rejects.toMatchObject({
      code: 5,
      message: expect.stringContaining('Job not found.'),
    });
  });

  test('pages through more jobs than one answer holds', async () => {
    for (const id of ['page-a', 'page-b', 'page-c']) await create(id);
    const names = [];
    for await (const { name } of harness.client.listJobsAsync({ parent: PARENT, pageSize: 2 })) {
      names.push(name);
    }
    expect(names).toEqual([...names].sort());
    expect(names).toEqual(expect.arrayContaining(['page-a', 'page-b', 'page-c'].map(jobName)));
  });

  test('is told that a name is taken', async () => {
    await create('twice');
    await expect(create('twice')).rejects.toMatchObject({
      code: 6,
      message: expect.stringContaining(`Job ${jobName('twice')} already exists.`),
    });
  });

  test.each<[string, Job, number, string]>([
    ['a schedule with seconds', { schedule: '* * * * * *' }, 3, 'Schedule or time zone is invalid'],
    ['no schedule', { schedule: '' }, 3, 'Schedule or time zone is invalid.'],
    ['an unknown time zone', { timeZone: 'Mars/Base' }, 3, 'Schedule or time zone is invalid.'],
    ['a name that is none', { name: 'short' }, 3, 'Job name must be formatted: "projects/'],
    ['a deadline too short', { attemptDeadline: { seconds: 1 } }, 3, 'attemptDeadline must be'],
    ['six retries', { retryConfig: { retryCount: 6 } }, 3, 'retryCount must be between 0 and 5'],
    [
      'a body with GET',
      { httpTarget: { uri: 'http://x', httpMethod: 'GET', body: 'YQ==' } },
      3,
      'body',
    ],
    ['no target', { httpTarget: null }, 3, 'Job.target is required'],
    ['a file as target', { httpTarget: { uri: 'file:///etc' } }, 3, 'HttpTarget.uri must be'],
    ['English', { schedule: 'every 5 minutes' }, 12, 'English-like schedule is not supported'],
    ['a topic', { httpTarget: null, pubsubTarget: { topicName: 't' } }, 12, 'Job.pubsubTarget'],
  ])('is refused %s, with the reason', async (_what, parts, code, reason) => {
    await expect(create('refused', parts)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(reason),
    });
  });
});

describe('our own client of the scheduler', () => {
  let ours: Scheduler;
  beforeAll(() => {
    const apiEndpoint = harness.emulator.url;
    ours = createScheduler({ projectId: PROJECT, location: 'europe-west1', apiEndpoint });
  });
  afterAll(() => ours.close());

  test('lists jobs by their short names, runs one and says how it ended', async () => {
    await create('ours', { description: 'of ours' });
    const before = await ours.get('ours');
    expect(before).toEqual({
      name: 'ours',
      description: 'of ours',
      schedule: '0 5 * * *',
      timeZone: 'Europe/Vienna',
      state: 'enabled',
      nextRunAt: expect.stringMatching(/^20.*Z$/),
    });
    const endedBefore = harness.reports.length;
    const run = await ours.run('ours');
    expect(run).toMatchObject({ name: 'ours', lastAttemptAt: expect.any(String) });
    await harness.ended(endedBefore + 1);
    expect((await ours.get('ours')).lastStatus).toBe('ok');
    expect((await ours.list()).map(({ name }) => name)).toContain('ours');
  });

  test('tells why the last attempt failed', async () => {
    await create('failing');
    target.answers.push(503);
    const endedBefore = harness.reports.length;
    await ours.run('failing');
    await harness.ended(endedBefore + 1);
    const { lastStatus } = await ours.get('failing');
    expect(lastStatus).toEqual({ code: 14, message: 'The target answered HTTP 503' });
  });

  test('says not_found for a job there is none of', async () => {
    for (const ask of [ours.get('nobody'), ours.run('nobody')]) {
      await expect(ask).rejects.toMatchObject({ code: 'not_found', retryable: false });
    }
  });

  test('says that trying again may help when the scheduler does not answer', async () => {
    const nowhere = createScheduler({
      projectId: PROJECT,
      location: 'europe-west1',
      apiEndpoint: 'http://127.0.0.1:1',
    });
    await expect(nowhere.run('ours')).rejects.toMatchObject({
      code: 'scheduler_failed',
      retryable: true,
      publicMessage: 'The scheduler did not answer.',
    });
    await nowhere.close();
  });
});
