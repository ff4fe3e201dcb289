import { describe, expect, test } from '@jest/globals';
import { axAnsweredBy } from './answered.ts';

const PATTERN = {
  id: '7deec90ff9040dba',
  template: 'connect ECONNREFUSED <*>',
  severity: 'ERROR',
  trend: 'rising',
  count: 1_200,
  countBefore: 14,
  expected: 2,
  firstSeen: '2026-11-14T04:00:00.000Z',
  lastSeen: '2026-11-20T11:59:30.000Z',
  services: ['api', 'deliver-alerts', 'ingest', 'worker'],
  versions: ['1.4.0'],
  workspaces: ['acme', 'globex'],
  workspaceCount: 2,
  sample: 'connect ECONNREFUSED \u001b[31m10.0.0.8:6379\u001b[0m\n    at Socket',
  suggestion: { causeId: 'connection_refused', cause: 'Nothing listens there.', fix: 'Start it.' },
};
const REPORT = {
  workspaceId: 'acme',
  from: '2026-11-19T12:00:00.000Z',
  to: '2026-11-20T12:00:00.000Z',
  comparedFrom: '2026-11-12T12:00:00.000Z',
  patterns: [PATTERN],
};

const api = axAnsweredBy<object>(REPORT);
const { run } = api;

describe('ax error-patterns', () => {
  test('asks for what it is given, and with --json prints the answer as it is', async () => {
    const { code, json } = await run(
      'error-patterns -w acme --from 2026-11-19 --trend rising --limit 5 --json',
    );
    expect({ code, document: json() }).toEqual({ code: 0, document: REPORT });
    expect(api.requests).toMatchObject([
      {
        method: 'GET',
        path: '/v1/workspaces/acme/error-patterns',
        query: { from: '2026-11-19T00:00:00.000Z', trend: 'rising', limit: '5' },
      },
    ]);
  });

  test('says how often, where, an example and what to do, without what a terminal would obey', async () => {
    const { stdout } = await run('error-patterns --workspace acme');
    expect(stdout).toBe(`Errors from 2026-11-19 12:00 to 2026-11-20 12:00 (UTC):

trend   severity  count  7 days before  last seen (UTC)   services
${''}
rising  ERROR     1,200             14  2026-11-20 11:59  api, deliver-alerts, ingest and 1 more
  connect ECONNREFUSED <*>
  e.g. connect ECONNREFUSED  [31m10.0.0.8:6379 [0m
  in 2 workspaces: acme, globex
  → Nothing listens there. Start it.
`);
  });

  test('is no wider than the terminal', async () => {
    const { stdout } = await run('error-patterns --workspace acme', 60);
    expect(stdout.split('\n').filter((line) => line.length > 60)).toEqual([]);
  });

  test('where nothing failed it says so', async () => {
    api.answer({ ...REPORT, patterns: [] });
    const { stdout } = await run('error-patterns --workspace acme');
    expect(stdout).toBe('No errors from 2026-11-19 12:00 to 2026-11-20 12:00 (UTC).\n');
  });

  test.each([
    ['error-patterns', '--workspace'],
    ['error-patterns -w acme --trend falling', '--trend'],
    ['error-patterns -w acme --limit 0', '--limit'],
    ['error-patterns -w acme --from 2026-11-20 --to 2026-11-19', '--to'],
  ])('%s is refused with exit code 2', async (line, words) => {
    const { code, stderr } = await run(line);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(words) });
    expect(api.requests).toEqual([]);
  });
});
