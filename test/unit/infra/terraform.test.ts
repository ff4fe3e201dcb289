import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  type Block,
  findResource,
  moduleCalls,
  read,
  readTerraform,
  root,
  type TerraformFile,
} from './terraform.ts';

const ENVIRONMENTS = ['dev', 'staging', 'prod'];
const terraformIsHere = spawnSync('terraform', ['version']).status === 0;

let files: TerraformFile[];
beforeAll(async () => {
  files = await readTerraform();
});

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

  test('give every module what it asks for, and nothing that it does not know', () => {
    const wrong = moduleCalls(files).flatMap(({ folder, name, source, block }) => {
      const variables = files
        .filter(({ path }) => dirname(path) === source)
        .flatMap(({ variable }) => Object.entries(variable));
      const known = new Set(variables.map(([variable]) => variable));
      const given = Object.keys(block).filter((key) => key !== 'source' && key !== 'depends_on');
      const asked = variables.filter(([, [variable]]) => !('default' in variable!));
      return [
        ...given.filter((key) => !known.has(key)),
        ...asked.map(([variable]) => variable).filter((variable) => !(variable in block)),
      ].map((key) => `${folder} ${name} ${key}`);
    });
    expect(moduleCalls(files).length).toBeGreaterThan(15);
    expect(wrong).toEqual([]);
  });

  test('use exactly the variables they declare, and only what a module gives out', () => {
    const folders = new Set(files.map(({ path }) => dirname(path)));
    for (const folder of folders) {
      const own = files.filter(({ path }) => dirname(path) === folder);
      const text = own.map((file) => file.text).join('\n');
      const used = new Set([...text.matchAll(/\bvar\.(\w+)/g)].map(([, name]) => name));
      const declared = own.flatMap(({ variable }) => Object.keys(variable));
      expect({ folder, used: [...used].sort() }).toEqual({ folder, used: declared.sort() });

      const calls = new Map(
        moduleCalls(own).map(({ name, source }) => [
          name,
          files.filter(({ path }) => dirname(path) === source),
        ]),
      );
      const asked = [...text.matchAll(/\bmodule\.(\w+)\.(\w+)/g)];
      const missing = asked.filter(
        ([, name, output]) => !calls.get(name!)?.some((file) => output! in file.output),
      );
      expect({ folder, missing: missing.map(([reference]) => reference) }).toEqual({
        folder,
        missing: [],
      });
    }
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

  test('has as `logs` a view of what Cloud Logging keeps where the ledger is, and no table', () => {
    const main = read('infra/modules/warehouse/main.tf');
    expect(main).toContain('if name != local.logs_file');
    const { table_id, view, description } = resource('warehouse', 'google_bigquery_table', 'logs');
    expect({ table_id, description }).toEqual({
      table_id: 'logs',
      description: `\${local.logs.description}`,
    });
    const [{ query }] = view as [{ query: string }];
    expect(query).toMatch(/^SELECT \$\{local\.logs_columns\} FROM `.*\._AllLogs`$/);
    const bucket = resource('warehouse', 'google_logging_project_bucket_config', 'logs');
    expect(bucket).toMatchObject({ enable_analytics: true, location: `\${lower(var.location)}` });
  });

  test('lets the view `logs` read the log bucket, whatever its reader may read besides', () => {
    const access = resource('warehouse', 'google_bigquery_dataset_access', 'logs');
    expect(access).toMatchObject({
      dataset_id: `\${google_logging_linked_dataset.logs.link_id}`,
      view: [
        {
          dataset_id: `\${google_bigquery_table.logs.dataset_id}`,
          table_id: `\${google_bigquery_table.logs.table_id}`,
        },
      ],
    });
  });

  test('keeps a log entry once: _Default leaves out exactly what the sink keeps, once there is one', () => {
    const sink = resource('warehouse', 'google_logging_project_sink', 'logs');
    const exclusion = resource('warehouse', 'google_logging_project_exclusion', 'logs');
    expect(exclusion.filter).toBe(`\${local.logs_filter}`);
    expect(sink.filter).toBe(exclusion.filter);
    expect(JSON.stringify(exclusion.depends_on)).toContain('google_logging_project_sink.logs');
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

test('Redis refuses writes when it is full, and evicts nothing', () => {
  const { redis_configs } = resource('redis', 'google_redis_instance', 'projection');
  expect(redis_configs).toEqual({ 'maxmemory-policy': 'noeviction' });
});
