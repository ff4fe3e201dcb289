import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ADMIN_KEY, budgetStatus, startApi, type TestApi } from '../../contract/api/harness.ts';
import { startRedis } from '../../support/redis-server.ts';
import { ax, type Run, scratchFolder } from './run.ts';

let server: Awaited<ReturnType<typeof startRedis>>;
let folder: { path: string; remove(): Promise<void> };
let api: TestApi;
let url: string;
beforeAll(async () => {
  server = await startRedis();
  folder = await scratchFolder();
});
afterAll(async () => {
  await folder.remove();
  await server.stop();
});
beforeEach(async () => {
  await server.redis.flushall();
  await start();
});
afterEach(() => api.app.close());

async function start(options: Parameters<typeof startApi>[1] = {}): Promise<void> {
  await api?.app.close();
  api = await startApi(server.redis, options);
  url = await api.app.listen({ port: 0, host: '127.0.0.1' });
}

/** Runs a command line against the real API. */
async function run(
  line: string,
  options: { columns?: number; more?: string[]; key?: string; now?: () => number } = {},
): Promise<Run> {
  return ax([...line.split(' '), ...(options.more ?? [])], {
    folder: folder.path,
    env: { AX_API_URL: url, AX_API_KEY: options.key ?? ADMIN_KEY },
    columns: options.columns,
    now: options.now,
  });
}

const stored = async (kind: 'budget' | 'channel', workspace = 'acme') =>
  api.settings.list(kind, workspace, { fresh: true });

describe('ax budgets set', () => {
  const line =
    'budgets set --workspace acme --monthly 5 --thresholds 50,75,90,100 --email owner@acme.example --slack SECRET_NAME';

  test('makes the channels and the budget, and says what happens next', async () => {
    const { code, stdout } = await run(line);
    expect(code).toBe(0);
    const channels = await stored('channel');
    expect(channels.map(({ body }) => body)).toEqual([
      { target: { kind: 'email', to: ['owner@acme.example'] } },
      { target: { kind: 'slack', webhookSecret: 'SECRET_NAME' } },
    ]);
    expect(channels.map(({ id }) => id)).toEqual([
      expect.stringMatching(/^email-owner-acme\.example-x[0-9a-f]{8}$/),
      'slack-SECRET_NAME',
    ]);
    expect(await stored('budget')).toMatchObject([
      {
        id: 'monthly',
        body: {
          limitUsd: '5',
          scope: { dimension: 'workspace' },
          period: { every: 'month', startsOn: 1 },
          timeZone: 'UTC',
          thresholdsPercent: [50, 75, 90, 100],
          projectedThresholdsPercent: [],
          channels: channels.map(({ id }) => id),
        },
      },
    ]);
    expect(stdout).toContain('50% ($2.50), 75% ($3.75), 90% ($4.50), 100% ($5.00)');
    expect(stdout).toContain('ax budgets status --workspace acme');
  });

  test('the same command twice changes nothing', async () => {
    await run(line);
    const before = [await stored('budget'), await stored('channel')];
    const again = await run(`${line} --json`);
    expect(again.json()).toMatchObject({
      change: 'unchanged',
      channels: [{ made: false }, { made: false }],
    });
    expect([await stored('budget'), await stored('channel')]).toEqual(before);
  });

  test('another limit changes the budget and leaves channels alone, also edited ones', async () => {
    await run(line);
    await run('channels set slack-SECRET_NAME -w acme --slack SECRET_NAME --min-severity high');
    const changed = await run(`${line.replace('--monthly 5', '--monthly 7.5')} --json`);
    expect(changed.json()).toMatchObject({
      change: 'changed',
      budget: { limitUsd: '7.5', version: 2 },
    });
    expect((await stored('channel')).map(({ version }) => version)).toEqual([1, 2]);
  });

  test('a channel of that id that leads elsewhere is not overwritten', async () => {
    await run('channels set slack-SECRET_NAME -w acme --slack OTHER');
    const { code, stderr } = await run(line);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('leads elsewhere'),
    });
    expect(await stored('budget')).toEqual([]);
  });

  test.each([
    ['--daily 2 --agent support-bot', 'daily-agent-support-bot', { every: 'day' }],
    [
      '--weekly 2 --starts-on sunday --label tier=gold',
      'weekly-label-tier-gold',
      { every: 'week', startsOn: 'sunday' },
    ],
    [
      '--monthly 2 --starts-on 15 --model gpt-4o',
      'monthly-model-gpt-4o',
      { every: 'month', startsOn: 15 },
    ],
  ])('%s is the budget %s', async (options, id, period) => {
    const { code } = await run(
      `budgets set -w acme ${options} --time-zone Europe/Berlin --projected 100`,
    );
    expect(code).toBe(0);
    expect(await stored('budget')).toMatchObject([
      { id, body: { period, timeZone: 'Europe/Berlin', projectedThresholdsPercent: [100] } },
    ]);
  });

  test.each([
    ['', 'one limit'],
    ['--daily 1 --monthly 2', 'one limit'],
    ['--daily 0', 'more than 0'],
    ['--daily 1 --starts-on monday', '--starts-on'],
    ['--weekly 1 --starts-on 15', 'monday'],
    ['--monthly 1 --starts-on 32', '1 to 31'],
    ['--monthly 1 --agent a --team b', 'one scope'],
    ['--monthly 1 --thresholds 0,50', 'whole percents'],
    ['--monthly 1 --webhook https://x.example', 'go together'],
    ['--monthly 1 --time-zone Mars/Base', 'timeZone'],
    ['--monthly 1 --channel nowhere', 'no channel nowhere'],
    ['--monthly 1234567890', 'below 1,000,000,000'],
  ])('%s is refused with exit code 2', async (options, words) => {
    const { code, stderr } = await run(`budgets set -w acme ${options}`.trim());
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(words) });
  });

  test('with --if-version two editors cannot overwrite each other', async () => {
    expect((await run('budgets set -w acme --monthly 5 --if-version 0')).code).toBe(0);
    const late = await run('budgets set -w acme --monthly 6 --if-version 0');
    expect(late.code).toBe(1);
    expect(late.stderr).toContain(
      'The budget monthly is at version 1, not 0; look at it (ax budgets list --workspace acme)',
    );
    const absent = await run('budgets set -w acme --daily 6 --if-version 3');
    expect(absent.stderr).toContain('There is no budget daily yet; its version is 0, not 3.');
  });

  test.each([
    ['--if-version 7', 1, 'its version is 0, not 7'],
    ['--channel nowhere', 2, 'there is no channel nowhere'],
    ['--webhook http://x.example --signing-secret K', 2, 'target.url'],
    ['--time-zone Mars/Base', 2, 'timeZone'],
    ['--id status', 2, 'names something else'],
  ])('refused because of %s it leaves no channel behind', async (options, exit, words) => {
    const { code, stderr } = await run(`${line} ${options}`);
    expect({ code, stderr }).toEqual({ code: exit, stderr: expect.stringContaining(words) });
    expect([await stored('channel'), await stored('budget')]).toEqual([[], []]);
  });

  test('refused, it says which channels it made and removed again, and leaves those that were there', async () => {
    await run('channels set slack-SECRET_NAME -w acme --slack SECRET_NAME');
    const { stderr } = await run(`${line} --time-zone Mars/Base`);
    expect(stderr).toMatch(/Removed the channel email-owner-acme\.example-x\w+ again/);
    expect((await stored('channel')).map(({ id }) => id)).toEqual(['slack-SECRET_NAME']);
  });

  test('a channel named is found in the workspace, on the platform, and among those of the command', async () => {
    await run('channels set own -w acme --email own@acme.example');
    await run('channels set everybody --global --email ops@platform.example');
    const key = await api.key('admin');
    const channels = '--slack S --channel own --channel everybody --channel slack-S';
    expect((await run(`budgets set -w acme --daily 1 ${channels}`, { key })).code).toBe(0);
    expect(await stored('budget')).toMatchObject([
      { body: { channels: ['own', 'everybody', 'slack-S'] } },
    ]);
    const unknown = await run('budgets set -w acme --weekly 1 --slack T --channel nope', { key });
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('there is no channel nope');
    expect((await stored('channel')).map(({ id }) => id)).toEqual(['own', 'slack-S']);
  });

  test('replaces the budget, and shows what was and is', async () => {
    const first = [...'budgets set -w acme --monthly 5 --email a@b.example'.split(' '), '--name'];
    await run(first.join(' '), { more: ['The whole of it'] });
    const before = await stored('budget');
    const { stdout } = await run(
      'budgets set -w acme --monthly 7.5 --thresholds 80 --time-zone Asia/Tokyo',
    );
    expect(stdout).toContain('  name: The whole of it → none\n');
    expect(stdout).toContain('  limit: $5.00 → $7.50\n');
    expect(stdout).toContain('  thresholds: 50%, 75%, 90%, 100% → 80%\n');
    expect(stdout).toContain('  time zone: UTC → Asia/Tokyo\n');
    expect(stdout).toMatch(/ {2}channels: email-a-b\.example-x\w+ → all\n/);
    expect(stdout).not.toContain('  per:');
    const again = await run('budgets set -w acme --monthly 5 --json');
    expect(again.json()).toMatchObject({
      change: 'changed',
      previous: { limitUsd: '7.5', version: 2, thresholdsPercent: [80] },
    });
    expect(before[0]!.version).toBe(1);
    const unchanged = await run('budgets set -w acme --monthly 5 --json');
    expect(unchanged.json()).not.toHaveProperty('previous');
  });

  test('says so when nobody would hear of it', async () => {
    const set = 'budgets set -w acme --monthly 5';
    const key = await api.key('admin');
    expect((await run(set, { key })).stdout).toMatch(
      /acme has no channel of its own that takes budget alerts: unless the platform has one, which this key may not see, nobody will hear/,
    );
    expect((await run(set)).stdout).toContain('nobody will hear of it: acme has no channel');
    const json = await run(`${set} --json`);
    expect(json.json().change).toBe('unchanged');
    expect(json.stderr).toContain('Take care: nobody will hear of it');
    await run('channels set spikes --workspace acme --email a@b.example --types spike');
    expect((await run(set)).stdout).toContain('nobody will hear of it');
    await run('channels set ops --global --email ops@platform.example');
    expect((await run(set)).stdout).toContain('the platform’s channels (ops) are told');
    await run('channels set own --workspace acme --email a@b.example');
    expect((await run(set, { key })).stdout).toContain('every channel that takes budget alerts');
  });

  test('a value given where a secret’s name belongs is refused and not repeated', async () => {
    const secret = 'https://hooks.slack.com/services/T0/B0/abc';
    const { code, stderr, stdout } = await run(
      `budgets set -w acme --monthly 5 --slack ${secret} --json`,
    );
    expect(code).toBe(2);
    expect(stderr).toContain('must be the name of a secret');
    expect(stderr + stdout).not.toContain('hooks.slack.com');
  });
});

describe('ax budgets', () => {
  test('lists, removes and explains', async () => {
    await run('budgets set -w acme --monthly 5');
    expect((await run('budgets list -w acme')).stdout).toMatch(/monthly .* \$5\.00 +month/);
    const explained = await run('budgets explain monthly -w acme');
    expect(explained.stdout).toContain('1. Spend is 5.5.');
    expect(explained.stdout).toContain('quiet (already-told)');
    expect((await run('budgets rm monthly -w acme --json')).json()).toEqual({
      id: 'monthly',
      version: 2,
    });
    expect((await run('budgets rm monthly -w acme')).code).toBe(3);
  });

  test.each([80, 120])(
    'status is bars with their thresholds, readable at %i columns',
    async (columns) => {
      const half = {
        ...budgetStatus('acme'),
        name: 'A name that is long '.repeat(6),
        spentUsd: '2.500000001',
        remainingUsd: '2.499999999',
        usedPercent: '50.0',
        thresholds: [50, 75, 90, 100].map((percent) => ({
          percent,
          of: 'spend' as const,
          amountUsd: '1',
          state: percent === 50 ? ('told' as const) : ('armed' as const),
        })),
      };
      const over = budgetStatus('acme');
      await start({
        budgets: { status: { list: async () => [half, over], explain: async () => undefined } },
      });
      const { stdout } = await run('budgets status -w acme', { columns });
      for (const line of stdout.split('\n')) expect([...line].length).toBeLessThanOrEqual(columns);
      const bars = stdout.split('\n').filter((line) => /█/.test(line));
      expect(bars[0]).toMatch(/^ {2}█+│·+│·+│·+│$/);
      const [first = '', second = ''] = bars.map((line) => line.trim());
      const position = (nth: number) => [...first.matchAll(/│/g)][nth]!.index / (first.length - 1);
      expect(position(0)).toBeCloseTo(0.5, 1);
      expect(position(1)).toBeCloseTo(0.75, 1);
      expect(position(2)).toBeCloseTo(0.9, 1);
      expect(second).toMatch(/^█+│█+│$/);
      expect(stdout).toContain('$2.500000001 of $5.00 (50.0%), $2.499999999 left');
      expect(stdout).toContain('$5.50 of $5.00 (110.0%), $0.50 over');
      expect(stdout).toContain('10.5 days left, projected $8.46 (169.2%): over');
      expect(stdout).toContain('told: 50%; still to come: 75%, 90%, 100%');
    },
  );

  test('a head that does not fit one line is two, with the whole period', async () => {
    const status = { ...budgetStatus('acme'), id: 'monthly-agent-support-bot', name: 'Support' };
    await start({
      budgets: { status: { list: async () => [status], explain: async () => undefined } },
    });
    const { stdout } = await run('budgets status -w acme', { columns: 80 });
    expect(stdout.split('\n').slice(0, 2)).toEqual([
      'monthly-agent-support-bot · Support',
      '  agent support-bot, 2026-11-01 to 2026-12-01 (UTC)',
    ]);
  });

  test.each([
    ['2026-11-30T14:59:00Z', '9 hours left'],
    ['2026-11-30T22:30:00Z', '1 hour left'],
    ['2026-11-30T23:20:00Z', '40 minutes left'],
    ['2026-12-01T00:00:01Z', '0 minutes left'],
  ])('on the last day, at %s, there are %s', async (now, words) => {
    const status = { ...budgetStatus('acme'), daysLeft: 0.3 };
    await start({
      budgets: { status: { list: async () => [status], explain: async () => undefined } },
    });
    const result = await run('budgets status -w acme', { now: () => Date.parse(now) });
    expect(result.stdout).toContain(`  ${words}, projected`);
  });

  test('a list is no wider than the terminal, and whole where there is none', async () => {
    const id = `monthly-agent-${'a-long-one-'.repeat(6)}end`;
    const limit = '123456789.123456789';
    await run(`budgets set -w acme --monthly ${limit} --id ${id} --slack A_SECRET_OF_SOME_LENGTH`);
    const plain = await run('budgets list -w acme');
    expect(plain.stdout).toContain(id);
    for (const columns of [80, 100, 120]) {
      const { stdout } = await run('budgets list -w acme', { columns });
      const lines = stdout.trimEnd().split('\n');
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
      expect(lines[1]).toMatch(/^mont\S*…\S*end /);
      expect(lines[1]).toContain('$123,456,789.123456789');
    }
  });
});
