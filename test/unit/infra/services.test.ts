import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { readConfig } from '../../../src/core/config.ts';
import { readTelemetryConfig } from '../../../src/core/telemetry-config.ts';
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

/** Each service: the module it is in, its name there, and what it may do. */
const SERVICES = [
  {
    folder: 'cost-events',
    name: 'ingest',
    entry: 'functions/ingest-cost-events.ts',
    reads: 'the dataset',
    writes: ['cost_events', 'cost_events_quarantine'],
    publishes: { BUDGET_CHECKS_TOPIC: `\${var.budget_checks_topic}` },
  },
  {
    folder: 'budgets',
    name: 'check',
    entry: 'functions/check-budgets.ts',
    reads: 'the dataset',
    writes: ['alert_events'],
    publishes: { ALERTS_TOPIC: `\${var.alerts_topic}` },
  },
  {
    folder: 'alerts',
    name: 'deliver',
    entry: 'functions/deliver-alerts.ts',
    reads: ['setting_versions'],
    writes: ['alert_events'],
    publishes: {},
  },
  ...[
    ['anomalies', 'functions/detect-anomalies.ts'] as const,
    ['error_patterns', 'functions/detect-error-patterns.ts'] as const,
  ].map(([name, entry]) => ({
    folder: 'analysis',
    name,
    entry,
    reads: 'the dataset',
    writes: ['alert_events', 'analysis_runs', 'findings'],
    publishes: { ALERTS_TOPIC: `\${var.alerts_topic}` },
  })),
  {
    folder: 'analysis',
    name: 'business_metrics',
    entry: 'functions/publish-business-metrics.ts',
    reads: 'the dataset',
    writes: ['analysis_runs'],
    publishes: {},
  },
  {
    folder: 'api',
    name: 'api',
    entry: 'services/api/main.ts',
    reads: 'the dataset',
    writes: ['alert_events', 'setting_versions'],
    publishes: {
      ALERTS_TOPIC: `\${var.topics.alerts}`,
      BUDGET_CHECKS_TOPIC: `\${var.topics.budget_checks}`,
      COST_EVENTS_TOPIC: `\${var.topics.cost_events}`,
    },
  },
];
const FUNCTIONS = SERVICES.filter(({ entry }) => entry.startsWith('functions/'));
const SAMPLES: Record<string, string> = {
  REDIS_URL: 'redis://:x@10.0.0.3:6379',
  SMTP_URL: 'smtps://user:x@smtp.example:465',
};

let files: TerraformFile[];
beforeAll(async () => {
  files = await readTerraform();
});

test('every function and the API are deployed, each once, and nothing else is', () => {
  const deployed = moduleCalls(files)
    .filter(({ source }) => source === 'infra/modules/service')
    .map(({ block }) => (block.command as string[]).join(' '));
  const functions = readdirSync(join(root, 'functions')).map((file) => `functions/${file}`);
  expect(deployed.sort()).toEqual(
    [...functions, 'services/api/main.ts'].map((entry) => `node ${entry}`).sort(),
  );
});

describe.each(SERVICES)('the service of the module $folder', (expected) => {
  let service: Block;
  beforeAll(() => {
    service = findCall(files, expected.folder, expected.name);
  });
  const refersTo = (tables: readonly string[]): Block =>
    Object.fromEntries(tables.map((table) => [table, `\${var.warehouse.tables["${table}"]}`]));

  test('runs a file that the image holds', () => {
    expect(service.command).toEqual(['node', expected.entry]);
    expect(existsSync(join(root, expected.entry))).toBe(true);
    const [folder] = expected.entry.split('/');
    expect(read('Dockerfile')).toMatch(new RegExp(`^COPY ${folder} `, 'm'));
    expect(read('Dockerfile')).toContain(`node ${expected.entry}`);
  });

  test('sets only variables that the configuration reads, and all that it needs', () => {
    const names = Object.keys({ ...(service.env as Block), ...(service.secret_env as Block) });
    const asked = new Set<string>();
    const env = Object.fromEntries(names.map((name) => [name, SAMPLES[name] ?? 'x']));
    const recorded = new Proxy(env, {
      get: (target, key: string) => {
        asked.add(key);
        return target[key];
      },
    });
    const [, needs] = /readConfig\(process\.env, \[([^\]]*)\]\)/.exec(read(expected.entry)) ?? [];
    const needed = [...needs!.matchAll(/'(\w+)'/g)].map(([, need]) => need);
    readConfig(recorded, needed as Parameters<typeof readConfig>[1]);
    expect(names.filter((variable) => !asked.has(variable))).toEqual([]);
    // Cloud Run sets it and refuses services that do.
    expect(names).not.toContain('PORT');
  });

  test(`reads ${String(expected.reads)}`, () => {
    const { reads } = expected;
    expect(service.readable_tables).toEqual(
      typeof reads === 'string' ? undefined : refersTo(reads),
    );
  });

  test(`writes to ${expected.writes.join(', ')} and to no other table`, () => {
    expect(service.writable_tables).toEqual(refersTo(expected.writes));
    for (const table of expected.writes) {
      expect(existsSync(join(root, `bigquery/tables/${table}.json`))).toBe(true);
    }
  });

  test('may publish to the topics that it is told the names of, and to no other', () => {
    const env = Object.entries(service.env as Block);
    const topics = env.filter(([name]) => name.endsWith('_TOPIC'));
    expect(Object.fromEntries(topics)).toEqual(expected.publishes);
    const granted = service.publishes_to ?? {};
    const all = expected.folder === 'api' ? `\${var.topics}` : undefined;
    if (all === undefined) {
      expect(Object.values(granted)).toEqual(Object.values(expected.publishes));
    } else {
      expect(granted).toBe(all);
    }
  });
});

describe.each(FUNCTIONS)('the function of the module $folder', ({ folder, name }) => {
  test('may be called by the account of its own topic or schedule only, and Cloud Run alone checks its token', () => {
    const service = findCall(files, folder, name);
    expect(service.invokers).toEqual(
      folder === 'analysis'
        ? { schedule: `\${google_service_account.schedule.member}` }
        : { push: `\${module.topic.push_account.member}` },
    );
    expect(service.ingress).toBe('INGRESS_TRAFFIC_INTERNAL_ONLY');
    const names = Object.keys(service.env as Block);
    expect(names.filter((variable) => variable.startsWith('PUSH_'))).toEqual([]);
  });
});

describe('the secrets of channels', () => {
  test('can be read one by one, and by the delivery only', () => {
    const right = findResource(
      files,
      'infra/modules/alerts/',
      'google_secret_manager_secret_iam_member',
      'channel',
    );
    expect(right).toMatchObject({
      for_each: `\${var.channel_secrets}`,
      secret_id: `\${each.value}`,
      member: `\${module.deliver.member}`,
    });
  });

  const pattern = new RegExp(
    /regex\("(\^channel-[^"]+)"/.exec(read('infra/modules/alerts/variables.tf'))![1]!,
  );
  test.each(['channel-acme__SLACK', 'channel--__OPS', 'channel-acme_2eeu__A__B'])(
    'may be named %s',
    (id) => expect(id).toMatch(pattern),
  );
  test.each([
    'agentworks-api-key-pepper',
    'agentworks-redis-url',
    'channel-acme',
    'channel-__SLACK',
    'channel-acme.eu__SLACK',
    'channel-acme__',
    'projects/1/secrets/channel-acme__SLACK',
  ])('may not be named %s', (id) => expect(id).not.toMatch(pattern));
});

test('every service is told what its telemetry must know, and no more', () => {
  const [locals] = files.find(({ path }) => path === 'infra/modules/service/main.tf')!.locals;
  const names = Object.keys(locals!.telemetry_env as Block);
  const asked = new Set<string>();
  const onCloudRun: Record<string, string> = { K_SERVICE: 'x', GOOGLE_CLOUD_PROJECT: 'x' };
  const recorded = new Proxy(onCloudRun, {
    get: (target, key: string) => {
      asked.add(key);
      return target[key];
    },
  });
  readTelemetryConfig(recorded);
  expect(names.filter((name) => !asked.has(name))).toEqual([]);
  expect(names.sort()).toEqual(['CPU_THROTTLED', 'DEPLOYMENT_ENVIRONMENT', 'GOOGLE_CLOUD_REGION']);
});

test('every right that is given is one of these', () => {
  const rights = files.flatMap(({ path, resource: resources }) =>
    Object.entries(resources)
      .filter(([type]) => type.includes('_iam_'))
      .flatMap(([type, named]) =>
        Object.values(named).map(([block]) => {
          const roles = /roles\/[\w.]+/g;
          const given = JSON.stringify([block!.role, block!.for_each]).match(roles) ?? [];
          return `${path.split('/')[2]} ${type.replace(/^google_|_iam_member$/g, '')}: ${given.join(' ')}`;
        }),
      ),
  );
  const views = files.flatMap(({ path, resource: resources }) =>
    Object.values(resources.google_bigquery_dataset_access ?? {}).map(([block]) => {
      const [{ table_id }] = block!.view as [{ table_id: string }];
      return `${path.split('/')[2]} bigquery_dataset_access: view ${table_id}`;
    }),
  );
  expect(views).toEqual([
    `warehouse bigquery_dataset_access: view \${google_bigquery_table.logs.table_id}`,
  ]);
  expect(rights.sort()).toEqual([
    'alerts secret_manager_secret: roles/secretmanager.secretAccessor',
    'api project: roles/cloudscheduler.jobRunner roles/cloudscheduler.viewer',
    'api pubsub_topic: roles/pubsub.viewer',
    'cost-events pubsub_topic: roles/pubsub.publisher',
    'push-topic pubsub_subscription: roles/pubsub.subscriber',
    'push-topic pubsub_topic: roles/pubsub.publisher',
    'push-topic service_account: roles/iam.serviceAccountTokenCreator',
    'service bigquery_dataset: roles/bigquery.dataViewer',
    'service bigquery_table: roles/bigquery.dataEditor',
    'service bigquery_table: roles/bigquery.dataViewer',
    'service cloud_run_v2_service: roles/run.invoker',
    'service project: roles/bigquery.jobUser',
    'service project: roles/monitoring.metricWriter roles/telemetry.tracesWriter',
    'service pubsub_topic: roles/pubsub.publisher',
    'service secret_manager_secret: roles/secretmanager.secretAccessor',
  ]);
});
