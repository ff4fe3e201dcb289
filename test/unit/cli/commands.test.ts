import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
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

/** Runs a command against an API that gives one answer to everything. */
async function run(args: string[], answer: unknown, status = 200): Promise<Run & { api: FakeApi }> {
  return runWith(args, () => ({ status, body: answer }));
}

async function runWith(args: string[], override: Override): Promise<Run & { api: FakeApi }> {
  api = await startFakeApi({ override });
  const result = await ax(args, {
    folder: folder.path,
    env: { AX_API_URL: api.url, AX_API_KEY: 'axk_1' },
    now: () => Date.parse('2026-11-20T12:34:56Z'),
  });
  return { ...result, api };
}

const tokens = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, reasoning: 0 };
const COSTS = {
  workspaceId: 'acme',
  totalUsd: '1234.5',
  currency: 'USD',
  period: { from: '2026-11-01T00:00:00.000Z', to: '2026-11-20T12:34:56.000Z' },
  events: 30,
  unpricedEvents: 2,
  tokens,
  groups: [
    { key: 'gpt-4o', costUsd: '1000', events: 20, unpricedEvents: 0, tokens },
    { key: '', costUsd: '234.5', events: 10, unpricedEvents: 2, tokens },
  ],
  projectedMonth: { month: '2026-11', spentUsd: '1234.5', projectedUsd: '1900', method: 'linear' },
  source: 'redis',
  freshness: { asOf: '2026-11-20T12:34:56.000Z' },
};

describe('ax costs', () => {
  test('asks for groups by resource unless told otherwise, and passes the period on', async () => {
    const plain = await run(['costs', '--workspace', 'acme', '--json'], COSTS);
    expect(plain.json()).toEqual(COSTS);
    expect(plain.api.requests[0]).toMatchObject({
      path: '/v1/workspaces/acme/costs',
      query: { by: 'resource' },
      authorization: 'Bearer axk_1',
    });
    await plain.api.close();
    const args = ['--by', 'model', '--from', '2026-11-01', '--to', '2026-11-02T00:00:00+01:00'];
    const period = await run(['costs', '-w', 'acme', ...args], COSTS);
    expect(period.api.requests[0]!.query).toEqual({
      by: 'model',
      from: '2026-11-01T00:00:00.000Z',
      to: '2026-11-01T23:00:00.000Z',
    });
  });

  test('shows every amount exactly, the share of each group, and what has no price', async () => {
    const { stdout } = await run(['costs', '--workspace', 'acme', '--by', 'model'], COSTS);
    expect(stdout).toContain('acme: $1,234.50 from 2026-11-01');
    expect(stdout).toMatch(/gpt-4o +\$1,000\.00 +81\.0% +█+/);
    expect(stdout).toMatch(/\(none\) +\$234\.50 +19\.0%.*2 unpriced/);
    expect(stdout).toContain('2 have no price');
    expect(stdout).toContain('$1,900.00 expected');
    expect(stdout).toContain('Read from redis');
  });

  test('has groups in its JSON even when the API has none', async () => {
    const { groups: _, ...bare } = COSTS;
    const { json } = await run(['costs', '--workspace', 'acme', '--json'], bare);
    expect(json().groups).toEqual([]);
  });

  test('trend asks for the last 24 hours by the hour, and draws a bar per step', async () => {
    const points = ['2026-11-20T10:00:00Z', '2026-11-20T12:00:00Z'].map((start, index) => ({
      start,
      costUsd: String(index + 1),
      events: 1,
      unpricedEvents: 0,
    }));
    const trend = { ...COSTS, granularity: 'hour', points };
    const args = ['costs', 'trend', '--workspace', 'acme', '--granularity', 'hour'];
    const result = await run(args, trend);
    expect(result.api.requests[0]).toMatchObject({
      path: '/v1/workspaces/acme/costs/trend',
      query: { granularity: 'hour', from: '2026-11-19T13:00:00.000Z' },
    });
    const bars = [...result.stdout.matchAll(/█+/g)].map(([bar]) => bar.length);
    expect(bars[1]).toBe(2 * bars[0]!);
    expect(result.stdout).toMatch(/2026-11-20 11:00 +\$0\.00/);
  });
});

describe('ax price', () => {
  const quote = {
    costUsd: '0.0075',
    priced: true,
    priceVersion: 'v1',
    source: 'price_book',
    parts: [{ kind: 'input', tokens: 1000, usdPerMillionTokens: '2.5', costUsd: '0.0025' }],
  };
  const one = ['price', '--provider', 'openai', '--model', 'gpt-4o', '--input-tokens', '1000'];

  test('prices one use', async () => {
    const args = [...one, '--output-tokens', '500', '--at', '2026-11-20', '--json'];
    const result = await run(args, { cases: [quote] });
    expect(result.api.requests[0]).toMatchObject({
      method: 'POST',
      path: '/v1/prices/quote',
      body: {
        cases: [
          {
            provider: 'openai',
            model: 'gpt-4o',
            usage: {
              inputTokens: 1000,
              cacheReadTokens: 0,
              cacheWriteTokens: 0,
              outputTokens: 500,
            },
            at: '2026-11-20T00:00:00.000Z',
          },
        ],
      },
    });
    expect(result.json()).toMatchObject(quote);
  });

  test('an unknown price is an answer with its reason, and no failure', async () => {
    const unknown = { costUsd: null, priced: false, parts: [], reason: 'unknown-model' };
    const result = await run(one, { cases: [unknown] });
    expect(result.code).toBe(0);
    expect(result.stdout).toContain('no price known (unknown-model)');
  });

  test('says which options are missing or contradict each other', async () => {
    const missing = await run(['price', '--provider', 'openai'], {});
    expect(missing.stderr).toContain('needs --model, --input-tokens');
    await missing.api.close();
    const cached = await run([...one, '--cache-read-tokens', '2000'], {});
    expect(cached.stderr).toContain('--input-tokens must include --cache-read-tokens');
    expect([missing.code, cached.code]).toEqual([2, 2]);
  });

  const HEADER =
    'model,provider,input_tokens,cache_read_tokens,cache_write_tokens,output_tokens,expected_usd';

  test('prices a file in requests of 1,000, keeping each row as it was', async () => {
    const rows = Array.from({ length: 1_001 }, (_, index) => `m${index},p,${index},0,0,1,0.0075`);
    const file = join(folder.path, 'cases.csv');
    await writeFile(file, [HEADER, ...rows].join('\n'));
    const result = await runWith(['price', '--input', file, '--json'], ({ body }) => ({
      status: 200,
      body: { cases: (body as { cases: object[] }).cases.map(() => quote) },
    }));
    const sizes = result.api.requests.map(({ body }) => (body as { cases: object[] }).cases.length);
    expect(sizes).toEqual([1_000, 1]);
    const { cases } = result.json();
    expect(cases).toHaveLength(1_001);
    expect(cases[1_000]).toMatchObject({
      model: 'm1000',
      input_tokens: '1000',
      expected_usd: '0.0075',
      costUsd: '0.0075',
      priced: true,
      matches: true,
    });
  });

  test('compares with what was expected', async () => {
    const file = join(folder.path, 'cases.csv');
    await writeFile(file, `${HEADER}\nm,p,1,0,0,1,0.0075\nm,p,1,0,0,1,0.0076\n`);
    const result = await run(['price', '--input', file], { cases: [quote, quote] });
    expect(result.stdout).toContain('1 of 2 match');
    expect(result.stdout).toContain('expected 0.0076');
  });

  test('takes expected amounts as floats print them, and none where the column is empty', async () => {
    const file = join(folder.path, 'cases.csv');
    const row = 'm,p,1,0,0,1,';
    await writeFile(
      file,
      `${HEADER}\n${row}7.5e-03\n${row}0.00750000000000000000001\n${row}7.5e-05\n${row}\n`,
    );
    const cases = [quote, quote, quote, quote];
    const result = await run(['price', '--input', file, '--json'], { cases });
    const matches = result.json().cases.map((one: { matches?: boolean }) => one.matches);
    expect(matches).toEqual([true, true, false, undefined]);
  });

  test('names line and column of what cannot be priced', async () => {
    const file = join(folder.path, 'cases.csv');
    await writeFile(file, `${HEADER}\nm,p,1.5,0,0,1,0.1\n`);
    const result = await run(['price', '--input', file], {});
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('line 2, input_tokens: "1.5" is not a whole number');
    expect(result.api.requests).toEqual([]);
  });
});

describe('ax prices', () => {
  const override = {
    id: 'openai-gpt-4o-20261101',
    version: 1,
    provider: 'openai',
    model: 'gpt-4o',
    validFrom: '2026-11-01T00:00:00.000Z',
    usdPerMillionTokens: { input: '2.25', output: '9' },
  };
  const set = [
    ...['prices', 'set', '--provider', 'openai', '--model', 'gpt-4o'],
    ...['--input', '2.25', '--output', '9', '--from', '2026-11-01'],
  ];

  test('sets one for a workspace under an id made of what it prices', async () => {
    const result = await run([...set, '--workspace', 'acme'], override);
    expect(result.api.requests[0]).toMatchObject({
      method: 'PUT',
      path: '/v1/workspaces/acme/price-overrides/openai-gpt-4o-20261101',
      body: {
        provider: 'openai',
        model: 'gpt-4o',
        validFrom: '2026-11-01T00:00:00.000Z',
        usdPerMillionTokens: { input: '2.25', output: '9' },
      },
    });
    expect(result.stdout).toContain('$2.25');
  });

  test('wants to know for whom', async () => {
    const result = await run(set, override);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('either --workspace <id> or --global');
  });

  test('lists and removes global ones', async () => {
    const list = await run(['prices', 'list', '--global'], { overrides: [override] });
    expect(list.api.requests[0]).toMatchObject({ method: 'GET', path: '/v1/price-overrides' });
    expect(list.stdout).toContain('openai-gpt-4o-20261101');
    await list.api.close();
    const removed = await run(['prices', 'rm', 'x', '--global', '--json'], { id: 'x', version: 2 });
    expect(removed.api.requests[0]).toMatchObject({
      method: 'DELETE',
      path: '/v1/price-overrides/x',
    });
    expect(removed.json()).toEqual({ id: 'x', version: 2 });
  });
});

test('ax reprice passes the period on and shows what is still without a price', async () => {
  const answer = {
    scanned: 10,
    repriced: 7,
    stillUnpriced: [{ provider: 'alibaba', model: 'm-large', events: 3 }],
    deltaUsd: '1.25',
    dryRun: true,
  };
  const args = ['reprice', '--workspace', 'acme', '--from', '2026-11-01', '--dry-run'];
  const result = await run(args, answer);
  expect(result.api.requests[0]).toMatchObject({
    method: 'POST',
    path: '/v1/workspaces/acme/costs/reprice',
    body: { from: '2026-11-01T00:00:00.000Z', dryRun: true },
  });
  expect(result.stdout).toContain('7 of 10 events without a price would be priced, $1.25 in all');
  expect(result.stdout).toContain('m-large');
});

describe('ax keys', () => {
  const key = {
    id: 'k1',
    name: 'agents',
    role: 'ingest',
    workspaceId: 'acme',
    createdAt: '2026-11-20T12:00:00.000Z',
  };

  test('create prints the key alone on stdout', async () => {
    const args = ['keys', 'create', '--name', 'agents', '--role', 'ingest', '--workspace', 'acme'];
    const result = await run(args, { ...key, key: 'axk_secret' }, 201);
    expect(result.stdout).toBe('axk_secret\n');
    expect(result.stderr).toContain('shown only now');
    expect(result.api.requests[0]!.body).toEqual({
      name: 'agents',
      role: 'ingest',
      workspaceId: 'acme',
    });
  });

  test('create wants to know whose it is; --platform is nobody’s workspace', async () => {
    const args = ['keys', 'create', '--name', 'ops', '--role', 'admin'];
    const nobody = await run(args, {});
    expect(nobody.code).toBe(2);
    await nobody.api.close();
    const platform = await run([...args, '--platform', '--json'], { ...key, key: 'axk_p' }, 201);
    expect(platform.api.requests[0]!.body).toMatchObject({ workspaceId: null });
    expect(platform.json().key).toBe('axk_p');
  });

  test('lists and revokes', async () => {
    const list = await run(['keys', 'list', '-w', 'acme'], {
      keys: [key, { ...key, id: 'k2', workspaceId: null, revokedAt: '2026-11-20T13:00:00.000Z' }],
    });
    expect(list.api.requests[0]!.query).toEqual({ workspaceId: 'acme' });
    expect(list.stdout).toMatch(/k2 .*\(platform\).*revoked 2026/);
    await list.api.close();
    const revoked = await run(['keys', 'revoke', 'k1'], key);
    expect(revoked.api.requests[0]).toMatchObject({ method: 'DELETE', path: '/v1/keys/k1' });
  });
});

describe('finding the API', () => {
  const costs = ['costs', '--workspace', 'acme', '--json'];

  async function endpoints(at: string, content: object) {
    await mkdir(join(at, '.local'), { recursive: true });
    await writeFile(join(at, '.local', 'endpoints.json'), JSON.stringify(content));
  }

  test('the local cloud is found from a folder below it', async () => {
    api = await startFakeApi({ override: () => ({ status: 200, body: COSTS }) });
    await endpoints(folder.path, { api: api.url, apiKey: 'axk_local' });
    const below = join(folder.path, 'a', 'b');
    await mkdir(below, { recursive: true });
    const result = await ax(costs, { folder: below });
    expect(result.code).toBe(0);
    expect(api.requests[0]!.authorization).toBe('Bearer axk_local');
  });

  test('its key is never sent to another address', async () => {
    api = await startFakeApi({ override: () => ({ status: 200, body: COSTS }) });
    await endpoints(folder.path, { api: 'http://127.0.0.1:9', apiKey: 'axk_local' });
    const result = await ax(costs, { folder: folder.path, env: { AX_API_URL: api.url } });
    expect(result.code).toBe(4);
    expect(result.stderr).toContain('No API key for');
    expect(api.requests).toEqual([]);
  });

  test('options come before the environment', async () => {
    api = await startFakeApi({ override: () => ({ status: 200, body: COSTS }) });
    const env = { AX_API_URL: 'http://127.0.0.1:9', AX_API_KEY: 'axk_env' };
    await ax([...costs, '--api', api.url, '--key', 'axk_option'], { folder: folder.path, env });
    expect(api.requests[0]!.authorization).toBe('Bearer axk_option');
  });

  test('none: exit code 4 and what to do', async () => {
    const result = await ax(costs, { folder: folder.path });
    expect(result.code).toBe(4);
    expect(result.stderr).toContain('npm start');
    expect(result.json().error.code).toBe('no_api');
  });

  test('nothing listens there: exit code 4, the address and where it came from', async () => {
    await endpoints(folder.path, { api: 'http://127.0.0.1:9', apiKey: 'axk_local' });
    const result = await ax(costs, { folder: folder.path });
    expect(result.code).toBe(4);
    expect(result.stderr).toContain('Cannot reach the API at http://127.0.0.1:9');
    expect(result.stderr).toContain('npm start');
  });
});

describe('errors', () => {
  const refusal = (code: string) => ({ error: { code, message: 'No.', details: [] } });
  const costs = ['costs', '--workspace', 'acme', '--json'];

  test.each([
    [400, 'invalid_argument', 2],
    [401, 'unauthenticated', 3],
    [403, 'forbidden', 3],
    [404, 'not_found', 3],
    [409, 'conflict', 1],
    [500, 'internal', 1],
  ])('HTTP %i %s is exit code %i, with one JSON document on stdout', async (status, code, exit) => {
    const result = await run(costs, refusal(code), status);
    expect(result.code).toBe(exit);
    expect(result.json().error.code).toBe(code);
    expect(result.stderr).toMatch(/^ax: No\./);
  });

  test('details name their fields', async () => {
    const details = [{ field: 'from', reason: 'must lie before to' }];
    const body = { error: { code: 'invalid_argument', message: 'Not valid.', details } };
    const result = await run(['costs', '--workspace', 'acme'], body, 400);
    expect(result.stdout).toBe('');
    expect(result.stderr).toBe('ax: Not valid.\n  from: must lie before to\n');
  });

  test('429 is waited for as it asks', async () => {
    const result = await runWith(costs, (_, call) =>
      call === 0
        ? { status: 429, headers: { 'retry-after': '0' }, body: refusal('rate_limited') }
        : { status: 200, body: COSTS },
    );
    expect(result.code).toBe(0);
  });

  test('something that is not the API is recognised', async () => {
    const { createServer } = await import('node:http');
    const server = createServer((_, response) => response.end('<html>'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const args = [...costs, '--api', `http://127.0.0.1:${port}`, '--key', 'k'];
    const result = await ax(args, { folder: folder.path });
    server.closeAllConnections();
    server.close();
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('not JSON. Is it the API?');
  });

  test.each([
    [['costs'], 'Say whose costs: --workspace <id>'],
    [['costs', 'trend'], 'Say whose costs: --workspace <id>'],
    [['reprice'], "required option '-w, --workspace <id>' not specified"],
    [['costs', '-w', 'a b'], 'A workspace id is'],
    [['costs', '-w', 'acme', '--by', 'colour'], '"colour" is no dimension'],
    [['costs', '-w', 'acme', '--from', 'monday'], 'Give a time with its zone'],
    [['price', '--input-tokens', '-5'], 'Give a whole number'],
    [['nonsense'], "unknown command 'nonsense'"],
    [['costs', '-w', 'acme', '--nonsense'], "unknown option '--nonsense'"],
  ])('%j is exit code 2 and says why', async (args, why) => {
    const plain = await ax(args, { folder: folder.path });
    expect(plain.code).toBe(2);
    expect(plain.stderr).toContain(why);
    expect(plain.stdout).toBe('');
    const json = await ax([...args, '--json'], { folder: folder.path });
    expect(json.code).toBe(2);
    expect(json.json().error.code).toBe('invalid_input');
  });

  test.each([
    [['budgets'], 'after ax budgets: one of set, status, list, explain, rm'],
    [['keys'], 'after ax keys: one of create, list, revoke'],
    [[], 'after ax: one of replay, costs'],
  ])('%j --json without a command is exit code 2 and says what is missing', async (args, words) => {
    const result = await ax([...args, '--json'], { folder: folder.path });
    expect(result.code).toBe(2);
    expect(result.json().error.message).toContain(`A command is missing ${words}`);
    expect(result.stderr).toContain('A command is missing');
  });

  test.each([
    [['channels', 'set'], /takes the alerts of every workspace/, /--slack[^-]*several times/],
    [['channels', 'list'], /those of the platform/, /it is the platform/],
    [['channels', 'rm'], /it is the platform/, /takes the alerts/],
    [['channels', 'test'], /whose alert the test looks like/, /takes the alerts/],
    [['budgets', 'set'], /goes back to its default/, /pattern/],
    [['alerts', 'list'], /no more than 500/, /match.* pattern/],
    [['keys'], /read costs, prices, settings and alerts/, /read costs and prices/],
  ])('%j --help says what holds for it', async (args, says, saysNot) => {
    const { stdout } = await ax([...args, '--help'], { folder: folder.path });
    const text = stdout.replace(/\s+/g, ' ');
    expect(text).toMatch(says);
    expect(text).not.toMatch(saysNot);
  });

  test.each([
    [[]],
    [['replay']],
    [['costs']],
    [['costs', 'trend']],
    [['price']],
    [['prices', 'set']],
    [['prices', 'list']],
    [['prices', 'rm']],
    [['reprice']],
    [['keys', 'create']],
    [['keys', 'list']],
    [['keys', 'revoke']],
  ])('%j --help exits 0 and shows how it is used', async (args) => {
    const result = await ax([...args, '--help'], { folder: folder.path });
    expect(result.code).toBe(0);
    expect(result.stdout).toContain('Usage: ax');
    expect(result.stdout).toMatch(/Examples?:/);
  });
});
