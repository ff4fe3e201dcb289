import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { patternWords } from '../../../src/core/patterns.ts';
import { startRedis } from '../../support/redis-server.ts';
import { startApi, type TestApi } from './harness.ts';

let server: Awaited<ReturnType<typeof startRedis>>;
let api: TestApi;
let key: string;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.redis.flushall();
  api = await startApi(server.redis);
  key = await api.key('admin');
});

/** Every `pattern` anywhere in a JSON document. */
function patternsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === 'pattern' && typeof inner === 'string' ? [inner] : patternsIn(inner),
  );
}

test('every pattern that a request is held to can be said in words', async () => {
  const { paths, components } = (await api.call('GET', '/openapi.json')).body;
  const requests = Object.values<Record<string, { requestBody?: unknown; parameters?: unknown }>>(
    paths,
  ).flatMap((path) => Object.values(path));
  const patterns = requests.flatMap(({ requestBody, parameters }) => [
    ...patternsIn(requestBody),
    ...patternsIn(parameters),
  ]);
  patterns.push(...patternsIn(components.schemas.CostEvent.properties));
  // Keys of labels have words of their own.
  const said = patterns.filter((pattern) => !pattern.includes('__proto__'));
  expect(said.length).toBeGreaterThan(50);
  const without = patternWords('a pattern that nobody has words for');
  expect(said.filter((pattern) => patternWords(pattern) === without)).toEqual([]);
});

const budget = { period: { every: 'day' }, limitUsd: '5' };
const mail = { kind: 'email', to: ['a@b.example'] };

test.each([
  ['budgets/b', { ...budget, limitUsd: '0' }, 'limitUsd', 'more than 0 and below 1,000,000,000'],
  ['budgets/b', { ...budget, limitUsd: '1234567890' }, 'limitUsd', 'below 1,000,000,000'],
  ['budgets/b', { ...budget, name: 'a\r\nb' }, 'name', 'one line of text'],
  ['budgets/b', { ...budget, name: '' }, 'name', 'must not be empty'],
  ['budgets/b', { ...budget, channels: ['a b'] }, 'channels.0', '1 to 128 letters'],
  ['budgets/a%20b', budget, 'id', '1 to 128 letters'],
  ['channels/c', { target: { kind: 'email', to: [] } }, 'target.to', 'must not be empty'],
  [
    'channels/c',
    { target: { kind: 'slack', webhookSecret: 'https://hooks.example/T/B' } },
    'target.webhookSecret',
    'the name of a secret',
  ],
  ['channels/c', { target: mail, name: 'a\nb' }, 'name', 'one line of text'],
  [
    'channels/c',
    { target: mail, minSeverity: 'worst' },
    'minSeverity',
    'must be one of low, medium, high, critical',
  ],
  ['channels/c', { target: mail, types: ['test', 'test'] }, 'types', 'the same twice'],
  [
    'price-overrides/p',
    {
      provider: 'p',
      model: 'm',
      validFrom: 'now',
      usdPerMillionTokens: { input: '1', output: '1' },
    },
    'validFrom',
    'RFC 3339',
  ],
])('PUT %s %j: %s %s', async (path, body, field, words) => {
  const answer = await api.call('PUT', `/v1/workspaces/acme/${path}`, { key, body });
  expect(answer.status).toBe(400);
  expect(answer.body.error.details).toEqual([{ field, reason: expect.stringContaining(words) }]);
  expect(JSON.stringify(answer.body)).not.toMatch(/\[0-9|\\\\d|\^\[|pattern/);
});

test('a workspace’s name, a key’s role and a condition are refused in words too', async () => {
  const url = '/v1/workspaces/acme';
  const reasonOf = (answer: Awaited<ReturnType<TestApi['call']>>) =>
    answer.body.error.details.map(({ reason }: { reason: string }) => reason);
  const named = await api.call('PUT', url, { key, body: { name: 'a\r\nb' } });
  expect(reasonOf(named)).toEqual([expect.stringContaining('one line of text')]);
  const body = { name: 'k', role: 'owner' };
  const role = await api.call('POST', '/v1/keys', { key, body });
  expect(reasonOf(role)).toEqual(['must be one of ingest, read, admin']);
  const headers = { 'if-match': 'latest' };
  const condition = await api.call('PUT', `${url}/budgets/b`, { key, body: budget, headers });
  expect(reasonOf(condition)).toEqual(['must be a version, such as "3"']);
});
