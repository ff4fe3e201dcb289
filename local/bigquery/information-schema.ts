import type { Catalog, Dataset, Table } from './catalog.ts';
import { unsupported } from './errors.ts';
import { fieldType, modeOf, type TableField, valueType } from './schema.ts';
import type { TableInfo } from './sql/context.ts';
import { sqlString } from './sql/typed.ts';
import { duckType, INT64, quote, type SqlType, STRING, TIMESTAMP, typeName } from './sql/types.ts';

type Value = string | number | boolean | bigint | null;
type View = {
  columns: [string, SqlType][];
  rows: (catalog: Catalog, dataset: Dataset) => Value[][];
};

const place = (catalog: Catalog, table: Table): Value[] => [
  catalog.projectId,
  table.dataset,
  table.id,
];
const PLACE: [string, SqlType][] = [
  ['table_catalog', STRING],
  ['table_schema', STRING],
  ['table_name', STRING],
];
const tablesOf = (dataset: Dataset) =>
  [...dataset.tables.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
const yesNo = (yes: boolean) => (yes ? 'YES' : 'NO');

function partitionField(table: Table): string | undefined {
  return (table.resource.timePartitioning as { field?: string } | undefined)?.field;
}

function clusterPosition(table: Table, field: TableField): number | null {
  const fields = (table.resource.clustering as { fields?: string[] } | undefined)?.fields ?? [];
  const index = fields.indexOf(field.name);
  return index < 0 ? null : index + 1;
}

/** Every field with its path; nested ones by their dotted path. */
function fieldPaths(fields: TableField[], prefix = ''): { path: string; field: TableField }[] {
  return fields.flatMap((field) => {
    const path = `${prefix}${field.name}`;
    return [
      { path, field },
      ...(field.fields === undefined ? [] : fieldPaths(field.fields, `${path}.`)),
    ];
  });
}

const VIEWS: Record<string, View> = {
  TABLES: {
    columns: [
      ...PLACE,
      ['table_type', STRING],
      ['is_insertable_into', STRING],
      ['creation_time', TIMESTAMP],
      ['ddl', STRING],
    ],
    rows: (catalog, dataset) =>
      tablesOf(dataset).map((table) => {
        const isView = table.view !== undefined;
        const created = BigInt(String(table.resource.creationTime)) * 1000n;
        return [
          ...place(catalog, table),
          isView ? 'VIEW' : 'BASE TABLE',
          yesNo(!isView),
          created,
          null,
        ];
      }),
  },
  COLUMNS: {
    columns: [
      ...PLACE,
      ['column_name', STRING],
      ['ordinal_position', INT64],
      ['is_nullable', STRING],
      ['data_type', STRING],
      ['is_hidden', STRING],
      ['is_partitioning_column', STRING],
      ['clustering_ordinal_position', INT64],
    ],
    rows: (catalog, dataset) =>
      tablesOf(dataset).flatMap((table) =>
        table.fields.map((field, i) => [
          ...place(catalog, table),
          field.name,
          i + 1,
          yesNo(modeOf(field) !== 'REQUIRED'),
          typeName(fieldType(field)),
          'NO',
          yesNo(partitionField(table) === field.name),
          clusterPosition(table, field),
        ]),
      ),
  },
  COLUMN_FIELD_PATHS: {
    columns: [
      ...PLACE,
      ['column_name', STRING],
      ['field_path', STRING],
      ['data_type', STRING],
      ['description', STRING],
    ],
    rows: (catalog, dataset) =>
      tablesOf(dataset).flatMap((table) =>
        fieldPaths(table.fields).map(({ path, field }) => [
          ...place(catalog, table),
          path.split('.')[0]!,
          path,
          typeName(modeOf(field) === 'REPEATED' ? fieldType(field) : valueType(field)),
          field.description ?? null,
        ]),
      ),
  },
  VIEWS: {
    columns: [
      ...PLACE,
      ['view_definition', STRING],
      ['check_option', STRING],
      ['use_standard_sql', STRING],
    ],
    rows: (catalog, dataset) =>
      tablesOf(dataset)
        .filter((t) => t.view !== undefined)
        .map((table) => [...place(catalog, table), table.view!, null, 'YES']),
  },
};

const PARTITION_ID: Record<string, string> = {
  HOUR: '%Y%m%d%H',
  DAY: '%Y%m%d',
  MONTH: '%Y%m',
  YEAR: '%Y',
};

function partitionsSql(catalog: Catalog, dataset: Dataset): string {
  const selects = tablesOf(dataset)
    .filter((t) => t.view === undefined)
    .map((table) => {
      const names = place(catalog, table)
        .map((v) => literal(v, STRING))
        .join(', ');
      const field = partitionField(table);
      const type = String(
        (table.resource.timePartitioning as { type?: string } | undefined)?.type ?? '',
      );
      const id =
        field === undefined
          ? 'CAST(NULL AS VARCHAR)'
          : `coalesce(strftime(${quote(field)}, '${PARTITION_ID[type]}'), '__NULL__')`;
      const group = field === undefined ? '' : ' GROUP BY 4';
      return `SELECT ${names}, ${id}, count(*) FROM ${quote(table.duckName!)}${group}`;
    });
  return selects.join(' UNION ALL ');
}

function literal(value: Value, type: SqlType): string {
  if (value === null) return `CAST(NULL AS ${duckType(type)})`;
  if (type.kind === 'TIMESTAMP') return `make_timestamp(${value})`;
  return `CAST(${typeof value === 'string' ? sqlString(value) : String(value)} AS ${duckType(type)})`;
}

function derived(columns: [string, SqlType][], rowsSql: string): string {
  const names = columns.map(([name]) => quote(name)).join(', ');
  const nothing = `SELECT ${columns.map(([, type]) => literal(null, type)).join(', ')} WHERE FALSE`;
  return `(SELECT * FROM (${rowsSql === '' ? nothing : rowsSql}) AS v(${names}))`;
}

/** One INFORMATION_SCHEMA view of a dataset. Throws for views this endpoint lacks. */
export function informationSchema(catalog: Catalog, dataset: Dataset, view: string): TableInfo {
  const name = `${catalog.projectId}.${dataset.id}.INFORMATION_SCHEMA.${view}`;
  if (view === 'PARTITIONS') {
    const columns: [string, SqlType][] = [
      ...PLACE,
      ['partition_id', STRING],
      ['total_rows', INT64],
    ];
    return info(name, columns, partitionsSql(catalog, dataset));
  }
  const known = VIEWS[view];
  if (known === undefined) throw unsupported(`INFORMATION_SCHEMA.${view}`);
  const rows = known
    .rows(catalog, dataset)
    .map((row) => `SELECT ${row.map((v, i) => literal(v, known.columns[i]![1])).join(', ')}`);
  return info(name, known.columns, rows.join(' UNION ALL '));
}

function info(name: string, columns: [string, SqlType][], rowsSql: string): TableInfo {
  const list = columns.map(([column, type]) => ({ name: column, type }));
  return {
    kind: 'table',
    name,
    sql: derived(columns, rowsSql),
    columns: list,
    requiredFilter: undefined,
  };
}
