import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { alertRecord, JOB } from '../../contract/api/harness.ts';
import { type FakeApi, type Override, startFakeApi } from './fake-api.ts';
import { ax, type Run, scratchFolder } from './run.ts';

let folder: { path: string; remove(): Promise<void> };
let api: FakeApi | undefined;
beforeEach(async () => {
  folder = await scratchFolder();
});
afterEach(async () => {
  await api?.close();
  api = undefined;
  await folder.remove();
});

/** Runs a command line while each look at the clock takes a second. */
async function run(
  line: string,
  override: Override,
  columns?: number,
): Promise<Run & { api: FakeApi }> {
  api = await startFakeApi({ override });
  let ms = Date.parse('2026-11-20T12:00:00Z');
  const result = await ax(line.split(' '), {
    folder: folder.path,
    env: { AX_API_URL: api.url, AX_API_KEY: 'axk_1' },
    columns,
    now: () => {
      ms += 10_000;
      return ms;
    },
  });
  return { ...result, api };
}

const ok = (body: unknown) => ({ status: 200, body });
const absent = { status: 404, body: { error: { code: 'not_found', message: 'Not found.' } } };
const delivery = (fields: object) => ({ ...alertRecord('acme').deliveries[0]!, ...fields });

describe('ax channels', () => {
  test('set sends what the options say, for a workspace or for the platform', async () => {
    const channel = {
      id: 'c',
      version: 1,
      target: { kind: 'email', to: ['a@b.example', 'c@d.example'] },
    };
    const line =
      'channels set c --global --email a@b.example --email c@d.example --min-severity high --types budget,spike --if-version 0';
    const { api, stdout } = await run(line, () => ok(channel));
    expect(api.requests).toMatchObject([
      {
        method: 'PUT',
        path: '/v1/channels/c',
        body: { target: channel.target, minSeverity: 'high', types: ['budget', 'spike'] },
      },
    ]);
    expect(stdout).toContain('a@b.example, c@d.example');
  });

  test.each([
    ['channels set c -w acme', 'one place'],
    ['channels set c -w acme --email a@b.example --slack S', 'one place'],
    ['channels set c -w acme --webhook https://x.example', 'go together'],
    ['channels set c --email a@b.example', '--workspace'],
    ['channels set c -w acme --slack S --types test', 'no type of alert'],
    ['channels set c -w acme --slack https://hooks.example/T', 'must be the name of a secret'],
    ['channels set c -w acme --email a@b.example --name a\tb', 'one line of text'],
  ])('%s is refused with exit code 2', async (line, words) => {
    const { code, stderr, api } = await run(line, () => ok({}));
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(words) });
    expect(api.requests).toEqual([]);
  });

  test('test waits until the message was sent', async () => {
    const looks = [absent, ok(alertRecord('acme')), ok(alertRecord('acme'))];
    looks[1] = ok({ ...alertRecord('acme'), deliveries: [delivery({ status: 'sending' })] });
    const { code, stdout, api } = await run('channels test mail --workspace acme', ({ method }) =>
      method === 'POST' ? { status: 202, body: { alertId: 'alert-1' } } : looks.shift(),
    );
    expect(code).toBe(0);
    expect(stdout).toContain('Sent: the test message to mail');
    expect(api.requests[0]!.path).toBe('/v1/workspaces/acme/channels/mail/test');
    expect(api.requests).toHaveLength(4);
  });

  test.each([
    ['parked', { status: 'parked', detail: 'HTTP 404' }, /Not sent \(parked\): HTTP 404/],
    [
      'failed',
      { status: 'failed', detail: 'HTTP 429', nextAttemptAt: 'T' },
      /Not sent yet.*429; tried again at T/,
    ],
  ])('test that ends %s is exit code 1 and says why', async (_, fields, words) => {
    const { code, stdout } = await run('channels test mail -w acme', ({ method }) =>
      method === 'POST'
        ? { status: 202, body: { alertId: 'alert-1' } }
        : ok({ ...alertRecord('acme'), deliveries: [delivery(fields)] }),
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringMatching(words) });
  });

  test('test with --json is one document, also when nobody took the message', async () => {
    const { code, json } = await run('channels test mail -w acme --json', ({ method }) =>
      method === 'POST' ? { status: 202, body: { alertId: 'alert-1' } } : absent,
    );
    expect(code).toBe(1);
    expect(json()).toEqual({
      channelId: 'mail',
      alertId: 'alert-1',
      outcome: 'waiting',
      deliveries: [],
    });
  });
});

describe('ax budgets set, refused after it made a channel', () => {
  const set = 'budgets set -w acme --monthly 5 --slack S';
  const channel = { id: 'slack-S', version: 4, target: { kind: 'slack', webhookSecret: 'S' } };
  const answering =
    (budget: ReturnType<Override>, removal: ReturnType<Override>): Override =>
    ({ method, path }) => {
      if (method === 'GET') return absent;
      if (method === 'DELETE') return removal;
      return path.includes('/channels/') ? ok(channel) : budget;
    };
  const refused = {
    status: 400,
    body: { error: { code: 'invalid_argument', message: 'No.', details: [] } },
  };

  test('says how to remove it where it cannot', async () => {
    const { code, stderr } = await run(set, answering(refused, refused));
    expect(code).toBe(2);
    expect(stderr).toContain(
      'slack-S, which this command had made, could not be removed again (No.)',
    );
    expect(stderr).toContain('ax channels rm slack-S --workspace acme');
  });

  test('leaves it where the budget may have been stored', async () => {
    const away = {
      status: 503,
      headers: { 'retry-after': '0' },
      body: { error: { code: 'unavailable', message: 'Try again.', details: [] } },
    };
    const { code, stderr, api } = await run(set, answering(away, ok({})));
    expect(code).toBe(4);
    expect(stderr).toContain('The channel slack-S was made and stays');
    expect(api.requests.filter(({ method }) => method === 'DELETE')).toEqual([]);
  });
});

describe('ax alerts', () => {
  test('list shows when, how bad, what, and how many arrived', async () => {
    const deliveries = [delivery({}), delivery({}), delivery({ status: 'parked' })];
    const { stdout, api } = await run(
      'alerts list -w acme --limit 5 --severity high --from 2026-11-01',
      () => ok({ alerts: [{ ...alertRecord('acme'), deliveries }] }),
    );
    expect(stdout).toMatch(/2026-11-20 12:00:00 +high +budget +Budget reached +2 sent, 1 parked/);
    expect(api.requests[0]!.query).toEqual({
      limit: '5',
      severity: 'high',
      from: '2026-11-01T00:00:00.000Z',
    });
  });

  test('show has every attempt, and which may have arrived twice', async () => {
    const attempts = [
      {
        at: '2026-11-20T12:00:00.000Z',
        event: 'sending',
        channelId: 'mail',
        attempt: 2,
        ambiguous: true,
      },
    ];
    const { stdout } = await run('alerts show alert-1 -w acme', () =>
      ok({ ...alertRecord('acme'), attempts }),
    );
    expect(stdout).toContain('Cost: $5.50');
    expect(stdout).toContain('- Use another');
    expect(stdout).toMatch(/sending +mail +2 +ambiguous/);
  });
});

describe('ax alerts list', () => {
  const listed = (parts: object, columns?: number) =>
    run(
      'alerts list -w acme',
      () => ok({ alerts: [{ ...alertRecord('acme'), ...parts }] }),
      columns,
    );
  const deliveries = ['queued', 'sending', 'failed', 'sent'].map((status) => delivery({ status }));

  test.each([
    [{ deliveries }, '3 waiting, 1 sent'],
    [{ deliveries: [] }, 'not yet'],
    [{ deliveries: [], nobodyBecause: 'there is no channel' }, 'nobody'],
  ])('%j is said in words that mean what will happen', async (parts, words) => {
    expect((await listed(parts)).stdout).toMatch(new RegExp(`Budget reached +${words} +alert-1`));
  });

  test('fits a terminal of 80 columns, with the whole id', async () => {
    const id = '4fA2bq0xXv6sYt1mZ9kLpQ';
    const title = '90 % of the monthly budget of acme’s agent support-bot reached, and more';
    const { stdout } = await listed({ id, title, severity: 'critical', deliveries }, 80);
    const lines = stdout.trimEnd().split('\n');
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    expect(lines[1]).toContain(id);
    expect(lines[2]).toMatch(/^ {2}90% of the monthly budget/);
  });

  test.each([
    ['--from 2026-11-02 --to 2026-11-01', '--to must lie after --from'],
    ['--limit 501', 'from 1 to 500'],
  ])('%s is refused with exit code 2', async (options, words) => {
    const { code, stderr, api } = await run(`alerts list -w acme ${options}`, () => ok({}));
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(words) });
    expect(api.requests).toEqual([]);
  });
});

test('ax alerts show tells details in full, in lines that fit the terminal', async () => {
  const detail = `HTTP 503 ${'from the webhook, which said that it is busy '.repeat(4)}`.trim();
  const channelId = `email-owner-acme.example-${'x'.repeat(60)}-end`;
  const parts = {
    deliveries: [delivery({ channelId, status: 'failed', detail, nextAttemptAt: 'T' })],
    attempts: [{ at: '2026-11-20T12:00:00.000Z', event: 'failed', channelId, attempt: 1, detail }],
  };
  const alert = { ...alertRecord('acme'), ...parts };
  const { stdout } = await run('alerts show alert-1 -w acme', () => ok(alert), 80);
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  const text = stdout.replace(/\s+/g, ' ');
  expect(text.split(detail)).toHaveLength(3);
  expect(text).toContain('tried again at T');
  expect(text).toMatch(/email-\S+…\S+-end/);
  await api?.close();
  const unheard = { ...alert, deliveries: [], nobodyBecause: 'there is no channel' };
  const nobody = await run('alerts show alert-1 -w acme', () => ok(unheard));
  expect(nobody.stdout).toContain('Nobody is told: there is no channel.');
});

describe('ax jobs', () => {
  const attempted = (lastStatus: unknown) =>
    ok({ ...JOB, lastAttemptAt: '2026-11-20T12:00:01.000Z', lastStatus });
  const looking =
    (looks: ReturnType<typeof ok>[]): Override =>
    ({ method }) =>
      method === 'POST' ? { status: 202, body: JOB } : looks.shift();

  test('run waits until the run has ended, not for what an earlier one left', async () => {
    const looks = [ok(JOB), ok(JOB), attempted({ code: -1, message: '' }), attempted('ok')];
    const { code, stdout, api } = await run('jobs run check-budgets', looking(looks));
    expect(code).toBe(0);
    expect(stdout).toBe(
      'check-budgets ended well: began 2026-11-20T12:00:01.000Z, took 40.0 s. Next run: none.\n',
    );
    expect(api.requests.map(({ method }) => method)).toEqual(['GET', 'POST', 'GET', 'GET', 'GET']);
  });

  test('a run that failed is exit code 1 with the reason', async () => {
    const failed = attempted({ code: 13, message: 'The target answered HTTP 500' });
    const { code, json } = await run('jobs run check-budgets --json', looking([ok(JOB), failed]));
    expect(code).toBe(1);
    expect(json()).toMatchObject({ outcome: 'failed', lastStatus: { code: 13 } });
  });

  test('a job that does not exist is exit code 3, and nothing is run', async () => {
    const { code, api } = await run('jobs run none', () => absent);
    expect(code).toBe(3);
    expect(api.requests).toHaveLength(1);
  });

  test('list shows schedule and last outcome', async () => {
    const { stdout } = await run('jobs list', () => ok({ jobs: [JOB] }));
    expect(stdout).toMatch(/check-budgets +\*\/5 \* \* \* \* \(UTC\) +enabled .* ok/);
  });
});

test('ax workspaces says what people call a workspace', async () => {
  const named = { workspaceId: 'acme', version: 1, name: 'Acme', changedAt: 'T' };
  const set = await run('workspaces set acme --name Acme', () => ok(named));
  expect(set.api.requests[0]).toMatchObject({
    method: 'PUT',
    path: '/v1/workspaces/acme',
    body: { name: 'Acme' },
  });
  expect(set.stdout).toContain('acme: Acme (version 1');
  await set.api.close();
  const none = await run('workspaces show acme', () => ok({ workspaceId: 'acme', version: 0 }));
  expect(none.stdout).toContain('no name yet');
});
