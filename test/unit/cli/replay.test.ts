import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type FakeApi, type Override, startFakeApi } from './fake-api.ts';
import { ax, scratchFolder } from './run.ts';

const AZURE = `TIMESTAMP,ContextTokens,GeneratedTokens\r
2023-11-16 18:17:03.9799600,4808,10\r
2023-11-16 18:17:04.0319600,3180,8\r
2023-11-16 18:17:05.0000000,110,27`;

const SERVEGEN = `tenant,model,hour,requests,avg_input_tokens,avg_output_tokens
t-1,m-large,0,2,1000.25,10.5
t-1,m-large,1,0,1000.25,10.5
t-2,m-small,1,3,5,1
`;

const END = '2026-11-20T12:00:00Z';
const NOW = Date.parse('2026-11-20T12:30:00Z');

let folder: { path: string; remove(): Promise<void> };
let api: FakeApi;

beforeEach(async () => {
  folder = await scratchFolder();
});
afterEach(async () => {
  await api.close();
  await folder.remove();
});

async function start(options: { override?: Override; countAfterReads?: number } = {}) {
  api = await startFakeApi(options);
}

async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder.path, name);
  await writeFile(path, content);
  return path;
}

let clock = NOW;
function replay(path: string, ...args: string[]) {
  // Time passes faster than it does, so that waiting for quiet takes no time.
  const started = performance.now();
  const base = clock;
  return ax(['replay', path, ...args, '--json'], {
    folder: folder.path,
    env: { AX_API_URL: api.url, AX_API_KEY: 'axk_1', XDG_STATE_HOME: folder.path },
    now: () => {
      clock = base + Math.floor((performance.now() - started) * 100);
      return clock;
    },
  });
}

beforeEach(() => {
  clock = NOW;
});

const azure = (path: string, ...more: string[]) =>
  replay(
    path,
    '--format',
    'azure-llm-csv',
    '--workspace',
    'acme',
    '--provider',
    'openai',
    '--model',
    'gpt-4o',
    ...more,
  );

describe('azure-llm-csv', () => {
  test('is one event per row, shifted so that the last falls on --end', async () => {
    await start();
    const run = await azure(await file('trace.csv', AZURE), '--end', END);
    expect(run.code).toBe(0);
    const events = api.stored();
    expect(events.map(({ timestamp }) => timestamp)).toEqual([
      '2026-11-20T11:59:58.979Z',
      '2026-11-20T11:59:59.031Z',
      '2026-11-20T12:00:00.000Z',
    ]);
    expect(events[0]).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{24}-2$/),
      workspaceId: 'acme',
      timestamp: '2026-11-20T11:59:58.979Z',
      resourceType: 'llm_api',
      resourceId: 'chat.completions',
      provider: 'openai',
      model: 'gpt-4o',
      usage: { inputTokens: 4808, outputTokens: 10 },
      currency: 'USD',
    });
    expect(run.json()).toMatchObject({
      format: 'azure-llm-csv',
      eventsSent: 3,
      skipped: 0,
      state: 'counted',
      totalUsd: '0.020695',
      workspaces: [{ workspaceId: 'acme', events: 3, totalUsd: '0.020695' }],
    });
    expect(api.posts()[0]!.authorization).toBe('Bearer axk_1');
  });

  test('a second replay without --end repeats the same events, and says so', async () => {
    await start();
    const path = await file('trace.csv', AZURE);
    const first = await azure(path);
    const before = api.stored();
    clock = NOW + 5 * 3_600_000;
    const second = await azure(path);
    expect(second.code).toBe(0);
    expect(second.stderr).toContain('the same times are used again');
    expect(api.stored()).toEqual(before);
    expect(api.conflicts()).toBe(0);
    expect(second.json().totalUsd).toBe(first.json().totalUsd);
    expect(second.json().eventsSent).toBe(3);
  });

  test('the ids do not depend on the name, the packing or the end', async () => {
    await start();
    await azure(await file('a.csv', AZURE), '--end', END);
    const ids = api.stored().map(({ id }) => id);
    api.forget();
    await azure(await file('b.csv.gz', gzipSync(AZURE)), '--end', '2026-11-19T12:00:00Z');
    expect(api.stored().map(({ id }) => id)).toEqual(ids);
  });

  test('another workspace, provider or model makes other events', async () => {
    await start();
    const path = await file('a.csv', AZURE);
    await azure(path, '--end', END);
    await azure(path, '--end', END, '--model', 'gpt-4o-mini');
    expect(new Set(api.stored().map(({ id }) => id)).size).toBe(6);
    expect(api.conflicts()).toBe(0);
  });

  test('after the cloud was emptied, an old replay does not decide the times of a new one', async () => {
    await start();
    const path = await file('a.csv', AZURE);
    await azure(path);
    api.forget();
    clock = NOW + 2 * 86_400_000;
    const run = await azure(path);
    expect(run.json().end.slice(0, 10)).toBe('2026-11-22');
  });

  test('rows that are no requests are named, and nothing is sent', async () => {
    await start();
    const path = await file('bad.csv', `${AZURE}\r\nyesterday,12,x\r\n`);
    const run = await azure(path);
    expect(run.code).toBe(2);
    expect(run.json().error.details).toEqual([
      expect.objectContaining({ field: 'line 5, TIMESTAMP' }),
      { field: 'line 5, GeneratedTokens', reason: '"x" is not a whole number' },
    ]);
    expect(run.stderr).toContain('line 5, TIMESTAMP: "yesterday" is not a time');
    expect(api.requests).toEqual([]);
  });

  test('a header without a column, a broken gzip and a missing file are said plainly', async () => {
    await start();
    const noColumn = await azure(await file('c.csv', 'TIMESTAMP,Tokens\n'));
    expect(noColumn.stderr).toContain(
      'The header has no column ContextTokens and no column GeneratedTokens',
    );
    const broken = await azure(await file('d.gz', gzipSync(AZURE).subarray(0, 40)));
    expect(broken.stderr).toContain('is not a whole gzip file');
    const missing = await azure(join(folder.path, 'e.csv'));
    expect(missing.stderr).toContain('There is no file');
    expect([noColumn.code, broken.code, missing.code]).toEqual([2, 2, 2]);
  });

  test('an end the API would refuse is refused before anything is sent', async () => {
    await start();
    const path = await file('a.csv', AZURE);
    const ahead = await azure(path, '--end', '2026-11-20T13:00:00Z');
    expect(ahead.stderr).toContain('10 minutes ahead');
    const back = await azure(path, '--end', '2025-01-01');
    expect(back.stderr).toContain('400 days back');
    expect(api.posts()).toEqual([]);
  });
});

describe('servegen-hourly-csv', () => {
  test('is one event per tenant and hour with requests; the last hour ends at --end', async () => {
    await start();
    const path = await file('hours.csv.gz', gzipSync(SERVEGEN));
    const run = await replay(
      path,
      '--format',
      'servegen-hourly-csv',
      '--map',
      'm-large=gpt-4o',
      '--end',
      END,
    );
    expect(run.code).toBe(0);
    expect(api.stored()).toEqual([
      expect.objectContaining({
        workspaceId: 't-1',
        timestamp: '2026-11-20T10:00:00.000Z',
        provider: 'openai',
        model: 'gpt-4o',
        // 2 × 1000.25 = 2000.5 goes to the even neighbour.
        usage: { requests: 2, inputTokens: 2000, outputTokens: 21 },
      }),
      expect.objectContaining({
        workspaceId: 't-2',
        timestamp: '2026-11-20T11:00:00.000Z',
        provider: 'alibaba',
        model: 'm-small',
      }),
    ]);
    expect(run.json()).toMatchObject({ rows: 3, eventsSent: 2, skipped: 1 });
    expect(run.json().workspaces.map((one: { workspaceId: string }) => one.workspaceId)).toEqual([
      't-1',
      't-2',
    ]);
  });

  test('ends with the last whole hour by default, and warns when nothing is mapped', async () => {
    await start();
    const run = await replay(await file('h.csv', SERVEGEN), '--format', 'servegen-hourly-csv');
    expect(run.json().end).toBe('2026-11-20T12:00:00.000Z');
    expect(run.stderr).toContain('have no price');
  });

  test('with --workspace all tenants go there, each as a team', async () => {
    await start();
    const path = await file('h.csv', SERVEGEN);
    await replay(path, '--format', 'servegen-hourly-csv', '--workspace', 'acme', '--map', 'a=b');
    expect(api.stored().map(({ workspaceId, teamId }) => [workspaceId, teamId])).toEqual([
      ['acme', 't-1'],
      ['acme', 't-2'],
    ]);
  });
});

describe('cost-events-ndjson', () => {
  const event = {
    timestamp: '2026-11-20T10:00:00Z',
    resourceType: 'llm_api',
    resourceId: 'chat.completions',
    provider: 'openai',
    currency: 'USD',
    usage: { inputTokens: 1 },
  };
  const lines = (...events: object[]) => events.map((one) => JSON.stringify(one)).join('\n');

  test('sends events as they are, filling in workspace and a stable id where there is none', async () => {
    await start();
    const given = { ...event, id: 'e1', workspaceId: 'globex' };
    const path = await file('e.ndjson', `${lines(given, event)}\n\n`);
    const args = ['--format', 'cost-events-ndjson', '--workspace', 'acme'];
    expect((await replay(path, ...args)).code).toBe(0);
    expect(api.stored()[0]).toEqual(given);
    expect(api.stored()[1]).toEqual({
      ...event,
      workspaceId: 'acme',
      id: expect.stringMatching(/-2$/),
    });
    const again = await replay(path, ...args);
    expect(again.code).toBe(0);
    expect(api.stored()).toHaveLength(2);
    expect(api.conflicts()).toBe(0);
  });

  test('events that repeat in the file are expected once', async () => {
    await start();
    const one = { ...event, id: 'e1', workspaceId: 'acme' };
    const path = await file('e.ndjson', lines(one, one, { ...one, id: 'e2' }));
    const run = await replay(path, '--format', 'cost-events-ndjson');
    expect(run.json()).toMatchObject({
      state: 'counted',
      eventsSent: 3,
      workspaces: [{ events: 3, countedEvents: 2 }],
    });
  });

  test('what the API would refuse is refused with line, field and reason', async () => {
    await start();
    const path = await file(
      'e.ndjson',
      `${lines({ ...event, workspaceId: 'a', currency: 'EUR' })}\n{`,
    );
    const run = await replay(path, '--format', 'cost-events-ndjson');
    expect(run.code).toBe(2);
    expect(run.json().error.details.map(({ field }: { field: string }) => field)).toEqual([
      'line 1, currency',
      'line 2, event',
    ]);
    expect(api.requests).toEqual([]);
  });
});

describe('sending', () => {
  const event = (id: string, more: object = {}) =>
    JSON.stringify({
      id,
      workspaceId: 'acme',
      timestamp: '2026-11-20T10:00:00Z',
      resourceType: 'llm_api',
      resourceId: 'chat.completions',
      provider: 'openai',
      currency: 'USD',
      usage: { inputTokens: 1 },
      ...more,
    });
  const many = (count: number, more: object = {}) =>
    Array.from({ length: count }, (_, index) => event(`e${index}`, more)).join('\n');

  test('batches hold at most 1,000 events and 1 MiB', async () => {
    await start();
    const labels = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [`key${index}`, 'ß'.repeat(256)]),
    );
    const path = await file(
      'e.ndjson',
      `${many(1_500)}\n${many(150, { labels, workspaceId: 'b' })}`,
    );
    const run = await replay(path, '--format', 'cost-events-ndjson', '--no-wait');
    expect(run.json()).toMatchObject({ eventsSent: 1_650, state: 'not-awaited' });
    expect(api.stored()).toHaveLength(1_650);
    for (const { body } of api.posts()) {
      expect((body as { events: unknown[] }).events.length).toBeLessThanOrEqual(1_000);
      expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThanOrEqual(1_048_576);
    }
  });

  test('429, 5xx and broken connections are tried again until nothing is lost', async () => {
    let posts = 0;
    await start({
      override: ({ path }) => {
        if (path !== '/v1/cost-events') return undefined;
        posts += 1;
        if (posts === 1) return { status: 429, headers: { 'retry-after': '0' } };
        if (posts === 2) return 'drop';
        if (posts === 3) return { status: 503 };
        return undefined;
      },
    });
    const path = await file('e.ndjson', many(10));
    const run = await replay(path, '--format', 'cost-events-ndjson');
    expect(run.code).toBe(0);
    expect(run.json()).toMatchObject({ retries: 3, eventsSent: 10, state: 'counted' });
    expect(run.stderr).toContain('Trying again');
  });

  test('a refusal stops the replay and names the line', async () => {
    await start({
      override: ({ path }) =>
        path === '/v1/cost-events'
          ? {
              status: 404,
              body: {
                error: {
                  code: 'not_found',
                  message: 'Not found.',
                  details: [{ index: 1, field: 'workspaceId', reason: 'not found' }],
                },
              },
            }
          : undefined,
    });
    const path = await file('e.ndjson', many(3));
    const run = await replay(path, '--format', 'cost-events-ndjson');
    expect(run.code).toBe(3);
    expect(run.json().error.details).toEqual([
      { field: 'line 2, workspaceId', reason: 'not found' },
    ]);
  });

  test('waits until what was accepted is counted', async () => {
    await start({ countAfterReads: 5 });
    const run = await replay(await file('e.ndjson', many(3)), '--format', 'cost-events-ndjson');
    expect(run.json()).toMatchObject({ state: 'counted', workspaces: [{ countedEvents: 3 }] });
  });

  test('says how many are missing, with exit code 1, when they do not arrive', async () => {
    await start({ countAfterReads: 1_000_000 });
    const path = await file('e.ndjson', many(3));
    const run = await replay(path, '--format', 'cost-events-ndjson', '--wait-seconds', '1');
    expect(run.code).toBe(1);
    expect(run.json()).toMatchObject({ state: 'missing', missingEvents: 3 });
    expect(run.stderr).toContain('3 events were accepted but are not counted yet');
  });

  test('a key that may only ingest sends, and says that it cannot look', async () => {
    await start({
      override: ({ method }) =>
        method === 'GET'
          ? { status: 403, body: { error: { code: 'forbidden', message: 'No.', details: [] } } }
          : undefined,
    });
    const run = await replay(await file('e.ndjson', many(3)), '--format', 'cost-events-ndjson');
    expect(run.code).toBe(0);
    expect(run.json()).toMatchObject({ state: 'not-awaited', totalUsd: null, eventsSent: 3 });
    expect(run.stderr).toContain('may not read costs');
  });

  test('an interrupt ends it with 130 and says how to go on', async () => {
    const interrupt = new AbortController();
    await start({
      override: ({ path }) => {
        if (path !== '/v1/cost-events') return undefined;
        interrupt.abort();
        return { status: 503 };
      },
    });
    const path = await file('e.ndjson', many(3));
    const run = await ax(['replay', path, '--format', 'cost-events-ndjson', '--json'], {
      folder: folder.path,
      env: { AX_API_URL: api.url, AX_API_KEY: 'axk_1', XDG_STATE_HOME: folder.path },
      now: () => NOW,
      interrupted: interrupt.signal,
    });
    expect(run.code).toBe(130);
    expect(run.json().error).toMatchObject({ code: 'interrupted' });
    expect(run.stderr).toContain('Run the same command again to go on');
  });
});

test('options of another format are refused by name', async () => {
  await start();
  const path = await file('a.csv', AZURE);
  const wrong = await replay(path, '--format', 'cost-events-ndjson', '--model', 'gpt-4o');
  expect(wrong.stderr).toContain('--model does not apply to --format cost-events-ndjson');
  const missing = await replay(path, '--format', 'azure-llm-csv', '--workspace', 'acme');
  expect(missing.stderr).toContain('needs --provider, --model');
  const format = await replay(path, '--format', 'csv');
  expect(format.stderr).toContain('Allowed choices are azure-llm-csv');
  expect([wrong.code, missing.code, format.code]).toEqual([2, 2, 2]);
});

const sharedTrace = join(
  process.env.AX_SHARED_DATA ?? join(import.meta.dirname, '../../../../shared/data'),
  'llm-usage/AzureLLMInferenceTrace_code.csv.gz',
);

(existsSync(sharedTrace) ? test : test.skip)(
  'the real Azure trace costs what its rows and the price say (shared data present)',
  async () => {
    await start();
    await mkdir(join(folder.path, 'copy'));
    const copy = join(folder.path, 'copy', 'trace');
    await copyFile(sharedTrace, copy);
    const rows = gunzipSync(await readFile(copy))
      .toString()
      .trim()
      .split(/\r?\n/)
      .slice(1);
    const nano = rows.reduce((sum, row) => {
      const [, input, output] = row.split(',');
      return sum + BigInt(input!) * 2_500n + BigInt(output!) * 10_000n;
    }, 0n);
    const run = await azure(copy, '--end', END);
    expect(run.json().eventsSent).toBe(rows.length);
    const [whole, fraction] = run.json().totalUsd.split('.');
    expect(BigInt(whole + fraction.padEnd(9, '0'))).toBe(nano);
  },
);
