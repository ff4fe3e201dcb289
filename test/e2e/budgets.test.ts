import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ax } from '../unit/cli/run.ts';
import { createClient } from './client.ts';
import { createInbox } from './inbox.ts';
import { type LocalCloud, startLocalCloud } from './local-cloud.ts';
import { createSpender } from './spender.ts';
import { eventually } from './waiting.ts';

const START_MS = 400_000;

let cloud: LocalCloud;
let inbox: ReturnType<typeof createInbox>;
let spend: ReturnType<typeof createSpender>['spend'];

beforeAll(async () => {
  cloud = await startLocalCloud({ args: ['--no-workload'] });
  inbox = createInbox(cloud.endpoints);
  ({ spend } = createSpender(createClient(cloud.endpoints)));
}, START_MS);
afterAll(async () => {
  await cloud?.stop();
}, START_MS);

/** Runs `ax` against the cloud and expects it to succeed. */
async function run(line: string, ...more: string[]) {
  const { api, apiKey } = cloud.endpoints;
  const env = { AX_API_URL: api, AX_API_KEY: apiKey };
  const result = await ax([...line.split(' '), ...more], { folder: cloud.stateDir, env });
  if (result.code !== 0) throw new Error(`ax ${line}: ${result.code} ${result.stderr}`);
  return result;
}

async function refusalOf(line: string) {
  const { api, apiKey } = cloud.endpoints;
  const env = { AX_API_URL: api, AX_API_KEY: apiKey };
  return ax(line.split(' '), { folder: cloud.stateDir, env });
}

const subjects = (messages: { kind: string; subject?: string }[]) =>
  messages.filter(({ kind }) => kind === 'mail').map(({ subject }) => subject);

describe('a workspace owner who sets a budget', () => {
  test('gets one mail and one Slack message per threshold, the highest of several, and none again', async () => {
    const set =
      'budgets set --workspace acme --monthly 5 --thresholds 50,75,90,100 --email owner@acme.example --slack SECRET_NAME';
    await run(set);
    await run(set);
    await spend('acme', 'a1', '2.40');
    await spend('acme', 'a2', '0.10');
    const half = await inbox.arrived('acme', 2);
    expect(half.map(({ kind }) => kind).sort()).toEqual(['mail', 'slack']);
    expect(half.find(({ kind }) => kind === 'mail')).toMatchObject({ to: ['owner@acme.example'] });
    expect(subjects(half)[0]).toContain('50');

    await spend('acme', 'a3', '2.05');
    const all = await inbox.arrived('acme', 4);
    const mail = all.filter(({ kind }) => kind === 'mail')[1]!;
    expect(mail.subject).toContain('90');
    expect(mail.text).toContain('75');

    // The same events again, and checks by schedule: nobody is told a second time.
    await spend('acme', 'a1', '2.40');
    await spend('acme', 'a3', '2.05');
    await run('jobs run check-budgets');
    await run('jobs run deliver-alerts');
    await spend('acme', 'a4', '1');
    const last = await inbox.arrived('acme', 6);
    expect(last).toHaveLength(6);
    expect(subjects(last)[2]).toContain('100');

    const alerts = (await run('alerts list --workspace acme --json')).json();
    expect(alerts.alerts).toHaveLength(3);
    const statuses = alerts.alerts.flatMap(({ deliveries }: { deliveries: { status: string }[] }) =>
      deliveries.map(({ status }) => status),
    );
    expect(statuses).toEqual(Array(6).fill('sent'));
  }, 300_000);

  test('reads the exact spend, the reasons, and what lies ahead', async () => {
    await run('budgets set --workspace reader --daily 10 --agent support --thresholds 80');
    await spend('reader', 'r1', '1.000000001', { agentId: 'support' });
    await spend('reader', 'r2', '5', { agentId: 'other' });
    const client = createClient(cloud.endpoints);
    await eventually(async () => (await client.costs('reader')).events === 2);
    await run('jobs run check-budgets');
    const { budgets } = (await run('budgets status --workspace reader --json')).json();
    expect(budgets).toMatchObject([
      { spentUsd: '1.000000001', limitUsd: '10', usedPercent: '10.0' },
    ]);
    const [{ id }] = budgets;
    const explained = await run(`budgets explain ${id} --workspace reader`);
    expect(explained.stdout).toContain('1.000000001');
    const human = await run('budgets status --workspace reader');
    expect(human.stdout).toContain('$1.000000001');
    expect(await inbox.about('reader')).toEqual([]);
  }, 300_000);

  test('is told of a name as text, whatever it would do elsewhere', async () => {
    const name = '<!channel> =HYPERLINK("http://x.example") <b>&';
    await run('workspaces set oddly --name', name);
    await run(
      'budgets set --workspace oddly --daily 1 --email owner@oddly.example --slack SECRET_NAME',
    );
    await spend('oddly', 'o1', '2');
    const messages = await inbox.arrived('oddly', 2);
    const slack = JSON.stringify(messages.find(({ kind }) => kind === 'slack')!.payload);
    expect(slack).not.toContain('<!channel>');
    expect(slack).toContain('&lt;!channel&gt;');
    const mail = messages.find(({ kind }) => kind === 'mail')!;
    expect(mail.html).not.toContain('<!channel>');
    expect(mail.html).not.toContain('<b>&');
    expect(mail.text).toContain('<!channel> =HYPERLINK("http://x.example") <b>&');
  }, 300_000);

  test('hears as soon when the channels of others are broken', async () => {
    await run('channels set desk --workspace healthy --email desk@healthy.example');
    for (let i = 0; i < 10; i++) {
      await run(`channels set broken-${i} --workspace broken --slack SECRET_THAT_IS_MISSING_${i}`);
    }
    const client = createClient(cloud.endpoints);
    for (let i = 0; i < 10; i++) {
      const path = `/v1/workspaces/broken/channels/broken-${i}/test`;
      expect((await client.call(path, { method: 'POST', body: {} })).status).toBe(202);
    }
    const startedMs = Date.now();
    const tried = await client.call('/v1/workspaces/healthy/channels/desk/test', {
      method: 'POST',
      body: {},
    });
    expect(tried.status).toBe(202);
    const [mail] = await inbox.arrived('desk@healthy.example', 1);
    expect(Date.parse(mail!.receivedAt) - startedMs).toBeLessThan(5_000);
  }, 300_000);

  test.each([
    'http://169.254.169.254/latest/meta-data/',
    'http://[::ffff:127.0.0.1]/',
    'https://[::ffff:10.0.0.1]/',
    'https://192.168.1.1/hook',
  ])('cannot have alerts sent to %s', async (url) => {
    const { code, stderr } = await refusalOf(
      `channels set inner --workspace acme --webhook ${url} --signing-secret WEBHOOK_SIGNING_KEY`,
    );
    expect(code).toBe(2);
    expect(stderr).toContain('target.url');
  });

  test('has a channel tried, and hears what became of it', async () => {
    await run('channels set desk --workspace acme --email desk@acme.example');
    const { stdout } = await run('channels test desk --workspace acme');
    expect(stdout).toMatch(/sent/i);
    expect(await inbox.about('desk@acme.example', 'mail')).toHaveLength(1);
  }, 300_000);
});
