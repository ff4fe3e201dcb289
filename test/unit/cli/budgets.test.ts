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
  options: { columns?: number; more?: string[] } = {},
): Promise<Run> {
  return ax([...line.split(' '), ...(options.more ?? [])], {
    folder: folder.path,
    env: { AX_API_URL: url, AX_API_KEY: ADMIN_KEY },
    columns: options.columns,
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
  ])('%s is refused with exit code 2', async (options, words) => {
    const { code, stderr } = await run(`budgets set -w acme ${options}`.trim());
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(words) });
  });

  test('with --if-version two editors cannot overwrite each other', async () => {
    expect((await run('budgets set -w acme --monthly 5 --if-version 0')).code).toBe(0);
    const late = await run('budgets set -w acme --monthly 6 --if-version 0');
    expect(late.code).toBe(1);
    expect(late.stderr).toContain('version 1');
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
});
