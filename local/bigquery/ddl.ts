import type { Catalog, Resource } from './catalog.ts';
import { addressOf, type DatasetRef, type TableAddress } from './environment.ts';
import { BigQueryError, invalidQuery, unsupported } from './errors.ts';
import { restField, type TableField } from './schema.ts';
import type { ColumnDef, Expr, Statement } from './sql/ast.ts';
import type { AnalysedQuery } from './sql/context.ts';

type Ddl = Extract<Statement, { kind: 'create-table' | 'create-view' | 'drop' | 'create-schema' }>;

/** What a DDL statement did, as `statistics.query` reports it. */
export type DdlResult = {
  statementType: string;
  operation: 'CREATE' | 'REPLACE' | 'SKIP' | 'DROP';
  target: TableAddress | undefined;
};

/** Runs DDL against the catalog. Returns the target of CREATE TABLE AS, which its caller fills. */
export async function runDdl(
  catalog: Catalog,
  statement: Ddl,
  defaultDataset: DatasetRef | undefined,
  query: AnalysedQuery | undefined,
): Promise<DdlResult> {
  if (statement.kind === 'create-schema') return createSchema(catalog, statement);
  if (statement.kind === 'drop') return drop(catalog, statement, defaultDataset);
  const address = addressOf(catalog, statement.table.path, defaultDataset);
  const statementType =
    statement.kind === 'create-view'
      ? 'CREATE_VIEW'
      : query === undefined
        ? 'CREATE_TABLE'
        : 'CREATE_TABLE_AS_SELECT';
  const exists = catalog.dataset(address.dataset).tables.has(address.table);
  if (exists && statement.mode === 'if-not-exists')
    return { statementType, operation: 'SKIP', target: address };
  // Read the definition first, so that a bad one does not cost the table it was to replace.
  const resource =
    statement.kind === 'create-view' ? viewResource(statement) : tableResource(statement, query);
  if (exists && statement.mode === 'replace')
    await catalog.deleteTable(address.dataset, address.table);
  await catalog.createTable(address.dataset, address.table, resource);
  return { statementType, operation: exists ? 'REPLACE' : 'CREATE', target: address };
}

async function createSchema(
  catalog: Catalog,
  statement: Extract<Ddl, { kind: 'create-schema' }>,
): Promise<DdlResult> {
  const id = schemaId(catalog, statement.table.path);
  const exists = catalog.datasets().some((dataset) => dataset.id === id);
  if (exists && statement.ifNotExists)
    return { statementType: 'CREATE_SCHEMA', operation: 'SKIP', target: undefined };
  await catalog.createDataset(id, {});
  return { statementType: 'CREATE_SCHEMA', operation: 'CREATE', target: undefined };
}

function schemaId(catalog: Catalog, path: string[]): string {
  if (path.length > 2) throw invalidQuery(`Invalid dataset name: ${path.join('.')}`);
  if (path.length === 2) catalog.checkProject(path[0]!);
  return path.at(-1)!;
}

async function drop(
  catalog: Catalog,
  statement: Extract<Ddl, { kind: 'drop' }>,
  defaultDataset: DatasetRef | undefined,
): Promise<DdlResult> {
  const statementType = `DROP_${statement.what}`;
  try {
    if (statement.what === 'SCHEMA') {
      await catalog.deleteDataset(schemaId(catalog, statement.table.path), statement.cascade);
      return { statementType, operation: 'DROP', target: undefined };
    }
    const address = addressOf(catalog, statement.table.path, defaultDataset);
    const isView = catalog.table(address.dataset, address.table).view !== undefined;
    if (isView !== (statement.what === 'VIEW')) {
      throw invalidQuery(
        `Cannot drop ${address.dataset}.${address.table}: it is not a ${statement.what}`,
      );
    }
    await catalog.deleteTable(address.dataset, address.table);
    return { statementType, operation: 'DROP', target: address };
  } catch (error) {
    const isMissing = error instanceof BigQueryError && error.reason === 'notFound';
    if (isMissing && statement.ifExists)
      return { statementType, operation: 'SKIP', target: undefined };
    throw error;
  }
}

function text(expr: Expr | undefined): string | undefined {
  return expr?.kind === 'string' ? expr.text : undefined;
}

function viewResource(statement: Extract<Ddl, { kind: 'create-view' }>): Resource {
  const description = text(statement.options.description);
  return {
    view: { query: statement.sql, useLegacySql: false },
    ...(description === undefined ? {} : { description }),
  };
}

function ddlField(column: ColumnDef): TableField {
  const field = restField(column.name, column.type);
  if (column.required && field.mode === 'NULLABLE') field.mode = 'REQUIRED';
  return column.description === undefined ? field : { ...field, description: column.description };
}

function tableResource(
  statement: Extract<Ddl, { kind: 'create-table' }>,
  query: AnalysedQuery | undefined,
): Resource {
  const fields =
    statement.columns.length > 0
      ? statement.columns.map(ddlField)
      : query!.columns.map((c) => restField(c.name, c.type));
  const { description, require_partition_filter: required, ...others } = statement.options;
  const known = ['friendly_name', 'labels', 'expiration_timestamp', 'partition_expiration_days'];
  const unknown = Object.keys(others).find((name) => !known.includes(name));
  if (unknown !== undefined) throw unsupported(`Table option ${unknown}`);
  const resource: Resource = { schema: { fields } };
  if (text(description) !== undefined) resource.description = text(description);
  if (statement.clusterBy.length > 0) resource.clustering = { fields: statement.clusterBy };
  if (statement.partitionBy !== undefined)
    resource.timePartitioning = partitioning(statement.partitionBy);
  if (required?.kind === 'bool' && required.value) resource.requirePartitionFilter = true;
  return resource;
}

/** `PARTITION BY DATE(ts)`, `TIMESTAMP_TRUNC(ts, HOUR)`, `DATE_TRUNC(d, MONTH)` or a bare DATE column. */
function partitioning(expr: Expr): Resource {
  const column = (e: Expr | undefined) =>
    e?.kind === 'path' && e.parts.length === 1 ? e.parts[0] : undefined;
  const bare = column(expr);
  if (bare !== undefined) return { type: 'DAY', field: bare };
  if (expr.kind === 'call') {
    const field = column(expr.args[0]);
    if (expr.name === 'DATE' && field !== undefined) return { type: 'DAY', field };
    const type = column(expr.args[1])?.toUpperCase();
    if (
      ['TIMESTAMP_TRUNC', 'DATE_TRUNC'].includes(expr.name) &&
      field !== undefined &&
      type !== undefined
    )
      return { type, field };
  }
  throw unsupported('This PARTITION BY expression');
}
