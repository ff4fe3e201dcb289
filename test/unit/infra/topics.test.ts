import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { readConfig } from '../../../src/core/config.ts';
import {
  type Block,
  findCall,
  findResource,
  moduleCalls,
  read,
  readTerraform,
  root,
  type TerraformFile,
} from './terraform.ts';

let files: TerraformFile[];
beforeAll(async () => {
  files = await readTerraform();
});

const resource = (module: string, type: string, name: string): Block =>
  findResource(files, `infra/modules/${module}/`, type, name);

test('every topic has a subscription of its name, and is what the configuration takes by default', () => {
  const topics = moduleCalls(files).filter(({ source }) => source === 'infra/modules/push-topic');
  expect(topics.map(({ block }) => [block.name, block.subscription])).toEqual([
    ['alerts', 'alerts-deliver'],
    ['budget-checks', 'budget-checks-check'],
    ['cost-events', 'cost-events-ingest'],
  ]);
  const { alertsTopic, budgetChecksTopic, costEventsTopic } = readConfig({
    GOOGLE_CLOUD_PROJECT: 'p',
  });
  expect(topics.map(({ block }) => block.name)).toEqual([
    alertsTopic,
    budgetChecksTopic,
    costEventsTopic,
  ]);
});

test('no topic is made without dead letters', () => {
  const made = files.filter(({ resource: types }) => 'google_pubsub_topic' in types);
  expect(made.map(({ path }) => path)).toEqual(['infra/modules/push-topic/main.tf']);
  const deadLetter = `\${var.name}-dead-letter`;
  expect(resource('push-topic', 'google_pubsub_topic', 'dead_letter').name).toBe(deadLetter);
  expect(resource('push-topic', 'google_pubsub_subscription', 'dead_letter').name).toBe(deadLetter);
});

describe('the subscription of a function', () => {
  const provision = read('local/provision/pubsub.ts') + read('local/provision.ts');
  const local = (pattern: RegExp): number => Number(pattern.exec(provision)![1]);
  let subscription: Block;
  beforeAll(() => {
    subscription = resource('push-topic', 'google_pubsub_subscription', 'push');
  });

  test('waits as long as the local one, for an answer and before another attempt', () => {
    expect(subscription.ack_deadline_seconds).toBe(local(/ACK_DEADLINE_SECONDS = (\d+)/));
    expect(subscription.retry_policy).toEqual([
      {
        minimum_backoff: `${local(/minimumBackoff: \{ seconds: (\d+) \}/)}s`,
        maximum_backoff: `${local(/maximumBackoffSeconds: (\d+)/)}s`,
      },
    ]);
  });

  test('never waits longer than the function may take', () => {
    const variables = files.find(({ path }) => path === 'infra/modules/service/variables.tf')!;
    const waits = Number(subscription.ack_deadline_seconds);
    expect(variables.variable.timeout_seconds![0]!.default).toBe(waits);
    for (const folder of ['alerts', 'budgets']) {
      const [, longest] = /longest_run_seconds = (\d+)/.exec(
        read(`infra/modules/${folder}/main.tf`),
      )!;
      expect(Number(longest)).toBeGreaterThanOrEqual(waits);
    }
  });

  test('tries as often as Pub/Sub allows, so that an outage is outlasted; the local one gives up earlier', () => {
    const [policy] = subscription.dead_letter_policy as Block[];
    expect(policy!.max_delivery_attempts).toBe(100);
    expect(local(/MAX_DELIVERY_ATTEMPTS = (\d+)/)).toBeLessThan(100);
  });

  test('never expires, and neither does the one that keeps dead letters', () => {
    const deadLetter = resource('push-topic', 'google_pubsub_subscription', 'dead_letter');
    for (const { expiration_policy } of [subscription, deadLetter]) {
      expect(expiration_policy).toEqual([{ ttl: '' }]);
    }
  });
});

describe.each([
  ['alerts', 'deliver', 'deliver-alerts', '* * * * *'],
  ['budgets', 'check', 'check-budgets', '*/5 * * * *'],
])('the schedule of the module %s', (folder, service, name, cron) => {
  test(`calls ${name} at ${cron} as the account that its pushes come from`, () => {
    expect(findCall(files, folder, service).name).toBe(name);
    expect(findCall(files, folder, 'schedule')).toMatchObject({
      name,
      schedule: cron,
      url: `\${module.${service}.url}`,
      account_email: `\${module.topic.push_account.email}`,
    });
  });

  test('waits exactly as long as the function may take', () => {
    const { attempt_deadline_seconds } = findCall(files, folder, 'schedule');
    expect(attempt_deadline_seconds).toBe(findCall(files, folder, service).timeout_seconds);
  });
});

describe.each([
  ['anomalies', 'detect-anomalies', '7 * * * *'],
  ['error_patterns', 'detect-error-patterns', '12 * * * *'],
  ['business_metrics', 'publish-business-metrics', '17 * * * *'],
])('the schedule of %s', (service, name, cron) => {
  test(`calls ${name} at ${cron}, as the local one does, and waits as long as it may take`, () => {
    expect(findCall(files, 'analysis', service).name).toBe(name);
    expect(findCall(files, 'analysis', `${service}_schedule`)).toMatchObject({
      name,
      schedule: cron,
      url: `\${module.${service}.url}`,
      account_email: `\${google_service_account.schedule.email}`,
      attempt_deadline_seconds: findCall(files, 'analysis', service).timeout_seconds,
    });
    const local = new RegExp(`id: '${name}',\\s+description: '[^']+',\\s+schedule: '([^']+)'`);
    expect(local.exec(read('local/provision.ts'))![1]).toBe(cron);
  });
});

test('a job runs by UTC, and names itself in a body that is read as JSON', () => {
  const job = resource('schedule', 'google_cloud_scheduler_job', 'job');
  expect(job.time_zone).toBe('Etc/UTC');
  const [target] = job.http_target as Block[];
  expect(target).toMatchObject({
    http_method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: `\${base64encode(jsonencode({ job = var.name }))}`,
    oidc_token: [{ service_account_email: `\${var.account_email}`, audience: `\${var.url}` }],
  });
});

describe('somebody is told', () => {
  test('of the first dead letter of every topic', () => {
    const policy = resource('push-topic', 'google_monitoring_alert_policy', 'dead_letter');
    expect(policy.notification_channels).toBe(`\${var.notification_channels}`);
    const [{ condition_threshold }] = policy.conditions as [Block];
    const [condition] = condition_threshold as [Block];
    expect(condition).toMatchObject({ comparison: 'COMPARISON_GT', threshold_value: 0 });
    expect(condition.filter).toContain('subscription/num_undelivered_messages');
    expect(condition.filter).toContain('google_pubsub_subscription.dead_letter.name');
  });

  test('of a parked delivery, by the words in which the function logs it', () => {
    const policy = resource('alerts', 'google_monitoring_alert_policy', 'parked');
    expect(policy.notification_channels).toBe(`\${var.notification_channels}`);
    const [, message] = /jsonPayload\.message = \\"([^"\\]+)\\"/.exec(
      read('infra/modules/alerts/main.tf'),
    )!;
    const sources = readdirSync(join(root, 'src/alerts'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => read(join('src/alerts', path)));
    const code = [read('functions/deliver-alerts.ts'), ...sources].join('\n');
    expect(code).toContain(`'${message}'`);
  });

  test.each(['push-topic', 'alerts'])('what to do, in a section that exists (%s)', (folder) => {
    const [, section] = /docs\/deploy\.md, \\"([^"\\]+)\\"/.exec(
      read(`infra/modules/${folder}/main.tf`),
    )!;
    expect(read('docs/deploy.md')).toMatch(new RegExp(`^## ${section}$`, 'm'));
  });
});

test('the interfaces of all that is made are switched on', () => {
  const NAMES: Record<string, string> = {
    cloud_scheduler: 'cloudscheduler',
    cloud_run: 'run',
    secret_manager: 'secretmanager',
    service_account: 'iam',
  };
  const kinds = files.flatMap(({ resource: types }) => Object.keys(types));
  const used = kinds
    .map((type) => /^google_(cloud_[a-z]+|secret_manager|service_account|[a-z]+)/.exec(type)![1]!)
    .filter((name) => name !== 'project');
  const { for_each } = resource('platform', 'google_project_service', 'api');
  const enabled = new Set([...String(for_each).matchAll(/"(\w+)"/g)].map(([, name]) => name));
  expect(used.length).toBeGreaterThan(15);
  expect(used.map((name) => NAMES[name] ?? name).filter((name) => !enabled.has(name))).toEqual([]);
});
