import type { Engine } from './engine.ts';
import { alreadyExists, BigQueryError, invalid, notFound } from './errors.ts';
import { columnSql, type TableField } from './schema.ts';
import { sqlString } from './sql/typed.ts';
import { checkTable, schemaChange } from './table-rules.ts';

/** A resource as the REST API writes it. */
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
  /** One change: checked, written to the database and only then seen, before the next change or insert begins. */
  const change = <T>(plan: () => { sql: string; done: () => T }): Promise<T> =>
    engine.write(async (c) => {
      const { sql, done } = plan();
      await c.run('BEGIN');
      try {
        await c.run(sql);
        await c.run('COMMIT');
      } catch (error) {
        await c.run('ROLLBACK');
        throw error;
      }
      return done();
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

    createDataset: (id: unknown, body: Resource): Promise<Dataset> =>
      change(() => {
        if (typeof id !== 'string' || !/^[A-Za-z0-9_]{1,1024}$/.test(id)) {
          throw invalid(
            `Invalid dataset ID "${String(id)}". Dataset IDs must be alphanumeric (plus underscores) and must be at most 1024 characters long.`,
          );
        }
        if (datasets.has(id)) throw alreadyExists('Dataset', `${projectId}:${id}`);
        const resource = stamp({
          ...body,
          kind: 'bigquery#dataset',
          id: `${projectId}:${id}`,
          datasetReference: { projectId, datasetId: id },
        });
        const dataset: Dataset = { id, resource, tables: new Map() };
        const done = () => {
          datasets.set(id, dataset);
          return dataset;
        };
        return { sql: save(id, undefined, resource), done };
      }),

    updateDataset: (id: string, body: Resource): Promise<Dataset> =>
      change(() => {
        const dataset = catalog.dataset(id);
        const resource = stamp({ ...dataset.resource, ...body }, dataset.resource.creationTime);
        const done = () => Object.assign(dataset, { resource });
        return { sql: save(id, undefined, resource), done };
      }),

    /** Throws 400 `resourceInUse` when there are tables and their deletion was not asked for. */
    deleteDataset: (id: string, deleteContents: boolean): Promise<void> =>
      change(() => {
        const { tables } = catalog.dataset(id);
        if (tables.size > 0 && !deleteContents) {
          throw new BigQueryError('resourceInUse', `Dataset ${projectId}:${id} is still in use`);
        }
        const drops = [...tables.values()].map(dropSql).join(' ');
        const sql = `${drops} DELETE FROM bq_catalog WHERE dataset = ${sqlString(id)};`;
        return { sql, done: () => void datasets.delete(id) };
      }),

    /** Creates a table or (with `view`) a view. Throws 409 when the name is taken and 400 for a bad schema. */
    createTable: (dataset: string, id: unknown, body: Resource): Promise<Table> =>
      change(() => {
        const { tables } = catalog.dataset(dataset);
        if (typeof id !== 'string' || !ID.test(id)) {
          throw invalid(`Invalid table ID "${String(id)}".`);
        }
        if (tables.has(id)) throw alreadyExists('Table', `${projectId}:${dataset}.${id}`);
        const isView = body.view !== undefined;
        const resource = stamp({
          ...body,
          kind: 'bigquery#table',
          id: `${projectId}:${dataset}.${id}`,
          tableReference: { projectId, datasetId: dataset, tableId: id },
          type: isView ? 'VIEW' : 'TABLE',
        });
        const table = toTable(dataset, id, isView ? undefined : `t${nextTable}`, resource);
        checkTable(table, isView);
        const columns = table.fields.map(columnSql).join(', ') || 'bq_empty BIGINT';
        const create = isView ? '' : `CREATE TABLE ${table.duckName} (${columns});`;
        const done = () => {
          if (!isView) nextTable += 1;
          tables.set(id, table);
          return table;
        };
        return { sql: `${create} ${save(dataset, table, resource)}`, done };
      }),

    /** Changes what a table or view is described by; columns may be added and relaxed, nothing else. */
    updateTable: (dataset: string, id: string, body: Resource): Promise<Table> =>
      change(() => {
        const table = catalog.table(dataset, id);
        const isView = table.view !== undefined;
        const resource = stamp({ ...table.resource, ...body }, table.resource.creationTime);
        const next = toTable(dataset, id, table.duckName, resource);
        checkTable(next, isView);
        const name = `${projectId}:${dataset}.${id}`;
        const alter = isView ? '' : schemaChange(table, next.fields, name);
        const done = () => Object.assign(table, next);
        return { sql: `${alter} ${save(dataset, table, resource)}`, done };
      }),

    deleteTable: (dataset: string, id: string): Promise<void> =>
      change(() => {
        const table = catalog.table(dataset, id);
        const done = () => void catalog.dataset(dataset).tables.delete(id);
        return { sql: `${dropSql(table)} ${forget(dataset, id)}`, done };
      }),
  };
  return catalog;
}

function dropSql(table: Table): string {
  return table.duckName === undefined ? '' : `DROP TABLE ${table.duckName};`;
}
