import type { Engine } from './engine.ts';
import { alreadyExists, BigQueryError, invalid, notFound } from './errors.ts';
import { checkFields, columnSql, fieldType, modeOf, type TableField } from './schema.ts';
import { sqlString } from './sql/typed.ts';
import { duckType, quote } from './sql/types.ts';

export type Resource = Record<string, unknown>;
export type Dataset = { id: string; resource: Resource; tables: Map<string, Table> };
export type Table = {
  dataset: string;
  id: string;
  /** Name of the table inside DuckDB; views have none. */
  duckName: string | undefined;
  resource: Resource;
  fields: TableField[];
  view: string | undefined;
};

export type Catalog = Awaited<ReturnType<typeof openCatalog>>;

const ID = /^[\p{L}\p{N}\p{M}_ -]{1,1024}$/u;

/**
 * Datasets, tables and views of one project. The truth is in memory; every change is also written to a table of the
 * database, so that a database file brings its catalog along.
 */
export async function openCatalog(options: {
  engine: Engine;
  projectId: string;
  now: () => number;
}) {
  const { engine, projectId, now } = options;
  const datasets = new Map<string, Dataset>();
  let nextTable = 1;

  await engine.write((c) =>
    c.run(
      'CREATE TABLE IF NOT EXISTS bq_catalog (dataset VARCHAR, tbl VARCHAR, duck VARCHAR, resource VARCHAR)',
    ),
  );
  const stored = await engine.run(
    'SELECT dataset, tbl, duck, resource FROM bq_catalog ORDER BY tbl NULLS FIRST',
  );
  for (const [dataset, table, duck, resource] of stored.rows as (string | null)[][]) {
    const parsed = JSON.parse(resource!) as Resource;
    if (table === null)
      datasets.set(dataset!, { id: dataset!, resource: parsed, tables: new Map() });
    else
      datasets
        .get(dataset!)!
        .tables.set(table!, toTable(dataset!, table!, duck ?? undefined, parsed));
    if (duck !== null) nextTable = Math.max(nextTable, Number(duck!.slice(1)) + 1);
  }

  function toTable(
    dataset: string,
    id: string,
    duckName: string | undefined,
    resource: Resource,
  ): Table {
    const fields = ((resource.schema as { fields?: TableField[] } | undefined)?.fields ??
      []) as TableField[];
    const view = (resource.view as { query?: string } | undefined)?.query;
    return { dataset, id, duckName, resource, fields, view };
  }

  const save = (dataset: string, table: Table | undefined, resource: Resource) => {
    const key = `dataset = ${sqlString(dataset)} AND tbl ${table === undefined ? 'IS NULL' : `= ${sqlString(table.id)}`}`;
    const values = [dataset, table?.id, table?.duckName, JSON.stringify(resource)];
    const row = values.map((v) => (v === undefined ? 'NULL' : sqlString(v))).join(', ');
    return `DELETE FROM bq_catalog WHERE ${key}; INSERT INTO bq_catalog VALUES (${row});`;
  };
  const forget = (dataset: string, table: string) =>
    `DELETE FROM bq_catalog WHERE dataset = ${sqlString(dataset)} AND tbl = ${sqlString(table)};`;
  const apply = (sql: string) =>
    engine.write(async (c) => {
      await c.run('BEGIN');
      try {
        await c.run(sql);
        await c.run('COMMIT');
      } catch (error) {
        await c.run('ROLLBACK');
        throw error;
      }
    });

  const stamp = (resource: Resource, created?: unknown): Resource => {
    const time = String(now());
    const etag = Buffer.from(`${time}:${Math.random()}`).toString('base64url');
    return {
      ...resource,
      etag,
      creationTime: created ?? time,
      lastModifiedTime: time,
      location: resource.location ?? 'US',
    };
  };

  const catalog = {
    projectId,

    /** Throws 404 for another project than ours. */
    checkProject(project: string): void {
      if (project !== projectId) throw notFound('Project', project);
    },

    datasets: () => [...datasets.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),

    /** Throws 404. */
    dataset(id: string): Dataset {
      const dataset = datasets.get(id);
      if (dataset === undefined) throw notFound('Dataset', `${projectId}:${id}`);
      return dataset;
    },

    /** Throws 404 for the dataset or the table. */
    table(dataset: string, id: string): Table {
      const table = catalog.dataset(dataset).tables.get(id);
      if (table === undefined) throw notFound('Table', `${projectId}:${dataset}.${id}`);
      return table;
    },

    async createDataset(id: unknown, body: Resource): Promise<Dataset> {
      if (typeof id !== 'string' || !/^[A-Za-z0-9_]{1,1024}$/.test(id)) {
        throw invalid(
          `Invalid dataset ID "${id}". Dataset IDs must be alphanumeric (plus underscores) and must be at most 1024 characters long.`,
        );
      }
      if (datasets.has(id)) throw alreadyExists('Dataset', `${projectId}:${id}`);
      const resource = stamp({
        ...body,
        kind: 'bigquery#dataset',
        id: `${projectId}:${id}`,
        datasetReference: { projectId, datasetId: id },
      });
      const dataset = { id, resource, tables: new Map<string, Table>() };
      datasets.set(id, dataset);
      await apply(save(id, undefined, resource));
      return dataset;
    },

    async updateDataset(id: string, body: Resource): Promise<Dataset> {
      const dataset = catalog.dataset(id);
      dataset.resource = stamp({ ...dataset.resource, ...body }, dataset.resource.creationTime);
      await apply(save(id, undefined, dataset.resource));
      return dataset;
    },

    async deleteDataset(id: string, deleteContents: boolean): Promise<void> {
      const dataset = catalog.dataset(id);
      if (dataset.tables.size > 0 && !deleteContents) {
        throw new BigQueryError('resourceInUse', `Dataset ${projectId}:${id} is still in use`);
      }
      datasets.delete(id);
      const drops = [...dataset.tables.values()]
        .filter((t) => t.duckName)
        .map((t) => `DROP TABLE ${t.duckName};`);
      await apply(`${drops.join(' ')} DELETE FROM bq_catalog WHERE dataset = ${sqlString(id)};`);
    },

    /** Creates a table or (with `view`) a view. Throws 409 when the name is taken and 400 for a bad schema. */
    async createTable(dataset: string, id: unknown, body: Resource): Promise<Table> {
      const { tables } = catalog.dataset(dataset);
      if (typeof id !== 'string' || !ID.test(id)) throw invalid(`Invalid table ID "${id}".`);
      if (tables.has(id)) throw alreadyExists('Table', `${projectId}:${dataset}.${id}`);
      const isView = body.view !== undefined;
      const draft = toTable(dataset, id, isView ? undefined : `t${nextTable}`, body);
      checkTable(draft, isView);
      if (!isView) nextTable += 1;
      draft.resource = stamp({
        ...body,
        kind: 'bigquery#table',
        id: `${projectId}:${dataset}.${id}`,
        tableReference: { projectId, datasetId: dataset, tableId: id },
        type: isView ? 'VIEW' : 'TABLE',
      });
      tables.set(id, draft);
      const create = isView
        ? ''
        : `CREATE TABLE ${draft.duckName} (${draft.fields.map(columnSql).join(', ') || 'bq_empty BIGINT'});`;
      await apply(`${create} ${save(dataset, draft, draft.resource)}`);
      return draft;
    },

    /** Changes what a table or view is described by; columns may be added and relaxed, nothing else. */
    async updateTable(dataset: string, id: string, body: Resource): Promise<Table> {
      const table = catalog.table(dataset, id);
      const next = toTable(dataset, id, table.duckName, { ...table.resource, ...body });
      checkTable(next, table.view !== undefined);
      const alter =
        table.view === undefined
          ? schemaChange(table, next.fields, `${projectId}:${dataset}.${id}`)
          : '';
      Object.assign(table, {
        ...next,
        resource: stamp(next.resource, table.resource.creationTime),
      });
      await apply(`${alter} ${save(dataset, table, table.resource)}`);
      return table;
    },

    async deleteTable(dataset: string, id: string): Promise<void> {
      const table = catalog.table(dataset, id);
      catalog.dataset(dataset).tables.delete(id);
      await apply(
        `${table.duckName === undefined ? '' : `DROP TABLE ${table.duckName};`} ${forget(dataset, id)}`,
      );
    },
  };
  return catalog;
}

/** The partition column a table's queries must filter on, if any. */
export function requiredFilter(table: Table): string | undefined {
  const partitioning = table.resource.timePartitioning as
    | { field?: string; requirePartitionFilter?: boolean }
    | undefined;
  const required =
    table.resource.requirePartitionFilter === true || partitioning?.requirePartitionFilter === true;
  return required ? partitioning?.field : undefined;
}

function checkTable(table: Table, isView: boolean): void {
  checkFields(table.fields);
  const { timePartitioning, clustering, rangePartitioning } = table.resource;
  if (isView) {
    if (table.view === undefined || table.view.trim() === '')
      throw invalid('View query is required');
    return;
  }
  if (rangePartitioning !== undefined)
    throw invalid('rangePartitioning is not supported by the local BigQuery endpoint');
  if (timePartitioning !== undefined) checkPartitioning(table, timePartitioning as Resource);
  const clusterFields = (clustering as { fields?: string[] } | undefined)?.fields ?? [];
  if (clusterFields.length > 4)
    throw invalid('Too many clustering fields. Found more than 4 fields');
  for (const name of clusterFields) {
    const field = table.fields.find((f) => f.name === name);
    if (field === undefined)
      throw invalid(
        `The field specified for clustering cannot be found in the schema. Invalid field: ${name}.`,
      );
    if (
      modeOf(field) === 'REPEATED' ||
      ['FLOAT64', 'FLOAT', 'RECORD', 'STRUCT', 'BYTES', 'JSON', 'TIME'].includes(
        field.type.toUpperCase(),
      )
    ) {
      throw invalid(`Entity ${name} is of type ${field.type} and cannot be used for clustering.`);
    }
  }
}

function checkPartitioning(table: Table, partitioning: Resource): void {
  if (!['HOUR', 'DAY', 'MONTH', 'YEAR'].includes(String(partitioning.type))) {
    throw invalid(`Invalid value for type: ${partitioning.type} is not a valid value`);
  }
  if (partitioning.field === undefined)
    throw invalid('Ingestion-time partitioning is not supported by the local BigQuery endpoint');
  const name = partitioning.field as string;
  const field = table.fields.find((f) => f.name === name);
  if (field === undefined) {
    throw invalid(
      `The field specified for partitioning cannot be found in the schema. Invalid field: ${name}.`,
    );
  }
  if (!['TIMESTAMP', 'DATE'].includes(field.type.toUpperCase()) || modeOf(field) === 'REPEATED') {
    throw invalid(
      `The field specified for time partitioning can only be of type TIMESTAMP, DATE or DATETIME. The type found is: ${field.type}.`,
    );
  }
}

function schemaChange(table: Table, next: TableField[], name: string): string {
  const changes: string[] = [];
  const mismatch = (what: string) =>
    invalid(`Provided Schema does not match Table ${name}. ${what}`);
  for (const old of table.fields) {
    const now = next.find((f) => f.name.toLowerCase() === old.name.toLowerCase());
    if (now === undefined) throw mismatch(`Field ${old.name} is missing in new schema`);
    const [before, after] = [duckType(fieldType(old)), duckType(fieldType(now))];
    if (before !== after)
      throw mismatch(`Field ${old.name} has changed type from ${old.type} to ${now.type}`);
    if (modeOf(old) !== modeOf(now)) {
      if (modeOf(now) !== 'NULLABLE')
        throw mismatch(`Field ${old.name} has changed mode from ${modeOf(old)} to ${modeOf(now)}`);
      changes.push(`ALTER TABLE ${table.duckName} ALTER COLUMN ${quote(old.name)} DROP NOT NULL;`);
    }
  }
  for (const added of next.filter(
    (f) => !table.fields.some((old) => old.name.toLowerCase() === f.name.toLowerCase()),
  )) {
    if (modeOf(added) === 'REQUIRED')
      throw mismatch(`Cannot add required fields to an existing schema. (field: ${added.name})`);
    changes.push(`ALTER TABLE ${table.duckName} ADD COLUMN ${columnSql(added)};`);
  }
  return changes.join(' ');
}
