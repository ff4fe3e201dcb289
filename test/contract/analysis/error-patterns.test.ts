import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Alert } from '../../../src/alerts/alert.ts';
import { createFindings } from '../../../src/analysis/findings/findings.ts';
import { createPatternDetection } from '../../../src/analysis/log-patterns/detect-patterns.ts';
import { createPatternReports } from '../../../src/analysis/log-patterns/pattern-reports.ts';
import { redisReady } from '../../../src/cloud/redis.ts';
import { DAY_MS, formatInstant, HOUR_MS, MINUTE_MS } from '../../../src/core/time.ts';
import { type AnalysisWorld, createAnalysisWorld } from '../../support/analysis-world.ts';

const BEGIN = Date.parse('2026-11-20T00:00:00Z');
/** When the errors come. */
const OUTAGE = BEGIN + 10 * HOUR_MS;
const OPERATIONS = { operationsWorkspace: 'operations' };
/** When the run about the hours before `ms` is made. */
const justAfter = (ms: number) => ms + 7 * MINUTE_MS;

let world: AnalysisWorld;
let detection: ReturnType<typeof createPatternDetection>;
beforeAll(async () => {
  world = await createAnalysisWorld(justAfter(OUTAGE));
  await redisReady(world.redis, 10_000);
  detection = createPatternDetection({ ...world, ...OPERATIONS });
  const errors = [];
  for (let ms = BEGIN - 7 * DAY_MS; ms < BEGIN + DAY_MS; ms += HOUR_MS) {
    errors.push(error(ms, `lease ${ms} lost`, 'globex'));
  }
  for (let at = 0; at < 8; at++) {
    errors.push(error(OUTAGE + at * MINUTE_MS, `connect ECONNREFUSED 10.0.0.${at}:6379`, 'acme'));
  }
  for (let at = 0; at < 20; at++) {
    errors.push(error(OUTAGE + at * MINUTE_MS, `lease ${at} lost`, 'globex'));
  }
  errors.push(error(OUTAGE, 'the flux capacitor is empty', 'acme'));
  const rows = errors.map((json) => ({ insertId: json.insert_id, json }));
  expect(await world.warehouse.insert('logs', rows)).toEqual({ kind: 'ok' });
}, 300_000);
afterAll(() => world.close());

let written = 0;
function error(ms: number, message: string, workspaceId: string) {
  written += 1;
  return {
    log_name: 'projects/p/logs/run',
    insert_id: String(written),
    timestamp: formatInstant(ms),
    receive_timestamp: formatInstant(ms),
    severity: 'ERROR',
    severity_number: 500,
    labels: JSON.stringify({ service: 'api', version: '1.4.0' }),
    json_payload: JSON.stringify({ message, workspaceId }),
  };
}

const told = () =>
  world.raised.map(({ workspaceId, severity, title }) => `${workspaceId} ${severity} ${title}`);
const states = async (workspaceId: string) => {
  const query = {
    workspaceId,
    kinds: ['error_pattern'] as const,
    fromMs: BEGIN,
    toMs: BEGIN + DAY_MS,
  };
  const found = await world.findings.list(query);
  return found.map(({ title, status, details }) => [title, status, details.reason]);
};

describe('errors from their first hour to their end', () => {
  test('a run that dies before it has recorded what it found is made up for without telling anybody twice', async () => {
    world.clock.ms = justAfter(OUTAGE + HOUR_MS);
    const raisedBefore: string[] = [];
    const alerts = { raise: async ({ id }: Alert) => void raisedBefore.push(id) };
    const dying = createFindings({
      alerts,
      now: () => world.clock.ms,
      warehouse: {
        query: (request) => world.warehouse.query(request),
        insert: async () => {
          throw new Error('BigQuery is away');
        },
      },
    });
    const halfway = createPatternDetection({ ...world, ...OPERATIONS, findings: dying });
    await expect(halfway.run()).rejects.toThrow('BigQuery is away');

    const [first, second] = await Promise.all([detection.run(), detection.run()]);
    expect([first.kind, second.kind].sort()).toEqual(['ok', 'overlapped']);
    expect(await detection.run()).toMatchObject({ kind: 'nothing-new' });
    expect(told().sort()).toEqual([
      'acme medium New error: connect ECONNREFUSED <*>',
      'globex medium Rising error: lease <*> lost',
      'operations medium New error: connect ECONNREFUSED <*>',
      'operations medium Rising error: lease <*> lost',
    ]);
    // The same alerts under the same ids, of which each is delivered once.
    expect(raisedBefore.sort()).toEqual(world.raised.map(({ id }) => id).sort());
    const runs = await world.warehouse.query<{ outcome: string }>({
      sql: "SELECT outcome FROM analysis_runs WHERE ended_at > '2026-01-01'",
    });
    expect(runs.map(({ outcome }) => outcome).sort()).toEqual(['failed', 'ok', 'overlapped']);
  });

  test('a tenant’s alert says what to do, and holds nothing of others', () => {
    const alert = world.raised.find(({ workspaceId }) => workspaceId === 'acme')!;
    expect(alert.message).toBe(
      '“connect ECONNREFUSED <*>” was logged 8 times in 6 hours by api, and never in the 7 days before.',
    );
    expect(alert.finding?.facts.map(({ name }) => name)).toEqual([
      ...['Pattern', 'Latest', 'Services', 'Versions', 'Likely cause', 'What to do'],
    ]);
    expect(JSON.stringify(alert)).not.toMatch(/globex|lease/);
  });

  test('a single error is recorded, and nobody is told', async () => {
    expect(await states('acme')).toContainEqual([
      'New error: the flux capacitor is empty',
      'open',
      undefined,
    ]);
  });

  test('hours that were missed are caught up with, and what is over is closed, with why', async () => {
    world.clock.ms = justAfter(OUTAGE + 8 * HOUR_MS);
    const report = await detection.run();
    expect(report).toMatchObject({
      kind: 'ok',
      window: { fromMs: OUTAGE + HOUR_MS, toMs: OUTAGE + 8 * HOUR_MS },
      opened: 0,
    });
    expect(await states('acme')).toContainEqual([
      'New error: connect ECONNREFUSED <*>',
      'closed',
      'gone-quiet',
    ]);
    expect(await states('globex')).toEqual([
      ['Rising error: lease <*> lost', 'closed', 'usual-again'],
    ]);
    expect(world.raised).toHaveLength(4);
  });
});

test('on demand a workspace gets its own errors, the operations workspace the platform’s, with causes as they are set', async () => {
  await world.settings.put({
    ...{ kind: 'known-cause', scope: '-', id: 'flux', changedBy: 'test' },
    body: { patterns: ['FLUX*empty'], cause: 'It is empty.', fix: 'Fill it.' },
  });
  const reports = createPatternReports({ ...world, ...OPERATIONS });
  const period = { fromMs: OUTAGE, toMs: OUTAGE + HOUR_MS };
  const summary = async (workspaceId: string) => {
    const { patterns } = await reports.of(workspaceId, period);
    return patterns.map(({ template, count, suggestion }) => [
      template,
      count,
      suggestion?.causeId,
    ]);
  };
  const ofAcme = [
    ['connect ECONNREFUSED <*>', 8, 'connection_refused'],
    ['the flux capacitor is empty', 1, 'flux'],
  ];
  expect(await summary('acme')).toEqual(ofAcme);
  expect(await summary('operations')).toEqual([['lease <*> lost', 21, undefined], ...ofAcme]);
  expect(await summary('initech')).toEqual([]);
});
