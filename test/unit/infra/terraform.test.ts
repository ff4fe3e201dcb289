import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { readConfig } from '../../../src/core/config.ts';
import { type Block, findResource, readTerraform, root, type TerraformFile } from './terraform.ts';

const ENVIRONMENTS = ['dev', 'staging', 'prod'];
const terraformIsHere = spawnSync('terraform', ['version']).status === 0;

let files: TerraformFile[];
beforeAll(async () => {
  files = await readTerraform();
});

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const resource = (module: string, type: string, name: string): Block =>
  findResource(files, `infra/modules/${module}/`, type, name);

describe('the Terraform files', () => {
  test('plan the same anywhere: no data sources, no random names, nothing but Google resources', () => {
    expect(files.length).toBeGreaterThan(15);
    const allowed = /^(google_\w+|terraform|provider|locals|output)$/;
    expect(files.flatMap(({ kinds }) => kinds).filter((kind) => !allowed.test(kind))).toEqual([]);
  });

  test('give every variable a type', () => {
    const variables = files.flatMap(({ variable }) => Object.entries(variable));
    expect(variables.length).toBeGreaterThan(20);
    expect(variables.filter(([, [block]]) => block?.type === undefined)).toEqual([]);
  });

  (terraformIsHere ? test : test.skip)('are formatted as terraform fmt would', () => {
    const { stdout, status } = spawnSync('terraform', ['fmt', '-check', '-recursive', 'infra'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect({ stdout, status }).toEqual({ stdout: '', status: 0 });
  });
});

describe('the environments', () => {
  test.each(['variables.tf', 'versions.tf'])('have the same %s', (name) => {
    const texts = ENVIRONMENTS.map((environment) => read(`infra/envs/${environment}/${name}`));
    expect(new Set(texts).size).toBe(1);
  });

  test('pin the provider to one version and leave the bucket of the state to be named', () => {
    const text = read('infra/envs/prod/versions.tf');
    expect(text).toMatch(/source {2}= "hashicorp\/google"\n\s+version = "\d+\.\d+\.\d+"/);
    expect(text).toContain('backend "gcs"');
    expect(text).not.toMatch(/^\s*bucket/m);
  });

  test('ask for what the platform asks for, each part explained in docs/deploy.md', () => {
    const deployments = ['envs/prod', 'modules/platform'].map((folder) => {
      const file = files.find(({ path }) => path === `infra/${folder}/variables.tf`);
      return String(file?.variable.deployment?.[0]?.type);
    });
    expect(deployments[0]).toBe(deployments[1]);
    const parts = [...deployments[0]!.matchAll(/^ {4}(\w+) +=/gm)].map(([, part]) => part!);
    expect(parts.length).toBeGreaterThan(8);
    const guide = read('docs/deploy.md');
    expect(parts.filter((part) => !guide.includes(`\`${part}\``))).toEqual([]);
  });
});

describe.each([
  ['cost-events', 'ingest', ['cost_events', 'cost_events_quarantine']],
  ['api', 'api', ['setting_versions']],
])('the service of the module %s', (folder, name, writableTables) => {
  let service: Block;
  beforeAll(() => {
    const file = files.find(({ path }) => path === `infra/modules/${folder}/main.tf`);
    service = file!.module[name]![0]!;
  });

  test('runs a file that the image holds', () => {
    const [node, entry] = service.command as string[];
    expect(node).toBe('node');
    expect(existsSync(join(root, entry!))).toBe(true);
    expect(read('Dockerfile')).toMatch(new RegExp(`^COPY ${entry!.split('/')[0]} `, 'm'));
  });

  test('sets only variables that the configuration reads, and all that it needs', () => {
    const names = Object.keys({ ...(service.env as Block), ...(service.secret_env as Block) });
    const asked = new Set<string>();
    const env = Object.fromEntries(
      names.map((variable) => [
        variable,
        variable === 'REDIS_URL' ? 'redis://:x@10.0.0.3:6379' : 'x',
      ]),
    );
    const recorded = new Proxy(env, {
      get: (target, key: string) => {
        asked.add(key);
        return target[key];
      },
    });
    const [, entry] = service.command as string[];
    const [, needs] = /readConfig\(process\.env, (\[[^\]]*\])\)/.exec(read(entry!)) ?? [];
    readConfig(recorded, JSON.parse(needs!.replaceAll("'", '"')));
    expect(names.filter((variable) => !asked.has(variable))).toEqual([]);
    // Cloud Run sets it and refuses services that do.
    expect(names).not.toContain('PORT');
  });

  test(`writes to ${writableTables.join(', ')} and to no other table`, () => {
    const writes = Object.entries(service.writable_tables as Block);
    expect(writes).toEqual(
      writableTables.map((table) => [table, `\${var.warehouse.tables["${table}"]}`]),
    );
    for (const table of writableTables) {
      expect(existsSync(join(root, `bigquery/tables/${table}.json`))).toBe(true);
    }
  });
});

test('only the push account may call the ingest function, and Cloud Run alone checks its token', () => {
  const file = files.find(({ path }) => path === 'infra/modules/cost-events/main.tf');
  const ingest = file!.module.ingest![0]!;
  expect(ingest.invokers).toEqual({ push: `\${google_service_account.push.member}` });
  expect(ingest.ingress).toBe('INGRESS_TRAFFIC_INTERNAL_ONLY');
  expect(Object.keys(ingest.env as Block).filter((name) => name.startsWith('PUSH_'))).toEqual([]);
});

describe('the warehouse', () => {
  const tables = readdirSync(join(root, 'bigquery/tables'));
  const views = readdirSync(join(root, 'bigquery/views'));

  test('is made of every file in bigquery/tables and bigquery/views', () => {
    const main = read('infra/modules/warehouse/main.tf');
    expect(main).toContain(`fileset("\${local.definitions}/tables", "*.json")`);
    expect(main).toContain(`fileset("\${local.definitions}/views", "*.sql")`);
    expect(tables.filter((name) => !name.endsWith('.json'))).toEqual([]);
    expect(views.filter((name) => !name.endsWith('.sql'))).toEqual([]);
    expect(resource('warehouse', 'google_bigquery_table', 'table').for_each).toMatch(
      'local.tables',
    );
    expect(resource('warehouse', 'google_bigquery_table', 'view').for_each).toMatch('local.views');
  });

  test.each(tables)('leaves out nothing that %s says', (name) => {
    const module = JSON.stringify(resource('warehouse', 'google_bigquery_table', 'table'));
    const {
      timePartitioning = {},
      clustering,
      schema,
      ...others
    } = JSON.parse(read(`bigquery/tables/${name}`)) as Record<string, object>;
    for (const key of Object.keys(others)) expect(module).toContain(`each.value.${key}`);
    for (const key of Object.keys(timePartitioning)) {
      expect(module).toContain(`time_partitioning.value.${key}`);
    }
    expect(Object.keys(clustering ?? { fields: [] })).toEqual(['fields']);
    expect(Object.keys(schema!)).toEqual(['fields']);
    for (const part of ['clustering.fields', 'schema.fields', 'timePartitioning']) {
      expect(module).toContain(`each.value.${part}`);
    }
  });

  test.each(views)('can fill in all that %s leaves open', (name) => {
    const open = [...read(`bigquery/views/${name}`).matchAll(/[$%]\{[^}]*\}/g)];
    expect(new Set(open.map(([placeholder]) => placeholder))).toEqual(
      new Set([`\${project}`, `\${dataset}`]),
    );
  });
});

describe('the subscription of the ingest function', () => {
  const provision = read('local/provision.ts');
  const local = (pattern: RegExp): number => Number(pattern.exec(provision)![1]);
  let subscription: Block;
  beforeAll(() => {
    subscription = resource('cost-events', 'google_pubsub_subscription', 'ingest');
  });

  test('waits as long as the local one, for an answer and before another attempt', () => {
    expect(subscription.ack_deadline_seconds).toBe(local(/ACK_DEADLINE_SECONDS = (\d+)/));
    expect(subscription.retry_policy).toEqual([
      {
        minimum_backoff: `${local(/minimumBackoff: \{ seconds: (\d+) \}/)}s`,
        maximum_backoff: `${local(/maximumBackoff: \{ seconds: (\d+) \}/)}s`,
      },
    ]);
    expect(read('infra/modules/service/main.tf')).toMatch(
      new RegExp(`timeout += "${String(subscription.ack_deadline_seconds)}s"`),
    );
  });

  test('tries as often as Pub/Sub allows, so that an outage is outlasted; the local one gives up earlier', () => {
    const [policy] = subscription.dead_letter_policy as Block[];
    expect(policy!.max_delivery_attempts).toBe(100);
    expect(local(/MAX_DELIVERY_ATTEMPTS = (\d+)/)).toBeLessThan(100);
  });

  test('never expires, and neither does the one that keeps dead letters', () => {
    const deadLetter = resource('cost-events', 'google_pubsub_subscription', 'dead_letter');
    for (const { expiration_policy } of [subscription, deadLetter]) {
      expect(expiration_policy).toEqual([{ ttl: '' }]);
    }
  });
});

test('Redis refuses writes when it is full, and evicts nothing', () => {
  const { redis_configs } = resource('redis', 'google_redis_instance', 'projection');
  expect(redis_configs).toEqual({ 'maxmemory-policy': 'noeviction' });
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
  expect(rights.sort()).toEqual([
    'api pubsub_topic: roles/pubsub.publisher roles/pubsub.viewer',
    'cost-events pubsub_subscription: roles/pubsub.subscriber',
    'cost-events pubsub_topic: roles/pubsub.publisher',
    'cost-events pubsub_topic: roles/pubsub.publisher',
    'cost-events service_account: roles/iam.serviceAccountTokenCreator',
    'service bigquery_dataset: roles/bigquery.dataViewer',
    'service bigquery_table: roles/bigquery.dataEditor',
    'service cloud_run_v2_service: roles/run.invoker',
    'service project: roles/bigquery.jobUser',
    'service secret_manager_secret: roles/secretmanager.secretAccessor',
  ]);
});
