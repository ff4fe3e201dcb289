import { readdirSync, readFileSync } from 'node:fs';
import { withIncludes } from '../../src/cloud/query-file.ts';

/** A table definition of bigquery/tables, in the form of BigQuery's REST resource. */
export type TableDefinition = {
  name: string;
  description: string;
  timePartitioning?: { type: string; field: string };
  requirePartitionFilter?: boolean;
  clustering?: { fields: string[] };
  schema: { fields: Field[] };
};
export type Field = {
  name: string;
  type: string;
  mode: 'REQUIRED' | 'NULLABLE' | 'REPEATED';
  description: string;
  /** Of a RECORD. */
  fields?: Field[];
};

/** A file of bigquery/queries, with what it includes, or of bigquery/views. */
export type SqlFile = { kind: 'query' | 'view'; name: string; text: string };

const BIGQUERY = new URL('../../bigquery/', import.meta.url);

export function readTables(): TableDefinition[] {
  return readFolder('tables', '.json').map(([name, text]) => ({ name, ...JSON.parse(text) }));
}

/** Views first, each after those it reads. */
export function readSqlFiles(): SqlFile[] {
  const views = readFolder('views', '.sql').map(([name, text]) => ({ name, text }));
  const ordered: typeof views = [];
  const add = (view: (typeof views)[number]): void => {
    if (ordered.includes(view)) return;
    for (const other of views) {
      if (other !== view && view.text.includes(`.${other.name}\``)) add(other);
    }
    ordered.push(view);
  };
  for (const view of views) add(view);
  return [
    ...ordered.map((view) => ({ kind: 'view' as const, ...view })),
    ...readFolder('queries', '.sql').map(([name, text]) => ({
      kind: 'query' as const,
      name,
      text: withIncludes(text),
    })),
  ];
}

/** A view's text with the names filled in that Terraform and local mode fill in. */
export function fillIn(text: string, project: string, dataset: string): string {
  return text.replaceAll(`\${project}`, project).replaceAll(`\${dataset}`, dataset);
}

/** A field's GoogleSQL type, e.g. `ARRAY<STRING>` or `STRUCT<line INT64>`. */
export function typeOfField({ type, mode, fields = [] }: Field): string {
  const parts = fields.map((field) => `${field.name} ${typeOfField(field)}`);
  const single = type === 'RECORD' ? `STRUCT<${parts.join(', ')}>` : type;
  return mode === 'REPEATED' ? `ARRAY<${single}>` : single;
}

/** The statement that would make the table. */
export function createTableStatement(table: TableDefinition, fullName: string): string {
  const { timePartitioning, clustering, requirePartitionFilter, description } = table;
  const columns = table.schema.fields.map((field) => {
    const notNull = field.mode === 'REQUIRED' ? ' NOT NULL' : '';
    const options = `OPTIONS (description = ${JSON.stringify(field.description)})`;
    return `  ${field.name} ${typeOfField(field)}${notNull} ${options}`;
  });
  const options = [
    `description = ${JSON.stringify(description)}`,
    ...(requirePartitionFilter ? ['require_partition_filter = TRUE'] : []),
  ];
  return [
    `CREATE TABLE \`${fullName}\` (`,
    columns.join(',\n'),
    ')',
    ...(timePartitioning
      ? [`PARTITION BY TIMESTAMP_TRUNC(${timePartitioning.field}, ${timePartitioning.type})`]
      : []),
    ...(clustering ? [`CLUSTER BY ${clustering.fields.join(', ')}`] : []),
    `OPTIONS (${options.join(', ')})`,
  ].join('\n');
}

/** Name and text of every file with `extension` in a folder of bigquery/, in alphabetical order. */
function readFolder(folder: string, extension: string): [string, string][] {
  const url = new URL(`${folder}/`, BIGQUERY);
  return readdirSync(url)
    .filter((file) => file.endsWith(extension))
    .sort()
    .map((file) => [file.slice(0, -extension.length), readFileSync(new URL(file, url), 'utf8')]);
}
