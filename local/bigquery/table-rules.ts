import type { Resource, Table } from './catalog.ts';
import { invalid } from './errors.ts';
import { checkFields, columnSql, fieldType, modeOf, type TableField } from './schema.ts';
import { duckType, quote } from './sql/types.ts';

/** The partition column a table's queries must filter on, if any. */
export function requiredFilter(table: Table): string | undefined {
  const partitioning = table.resource.timePartitioning as
    | { field?: string; requirePartitionFilter?: boolean }
    | undefined;
  const required =
    table.resource.requirePartitionFilter === true || partitioning?.requirePartitionFilter === true;
  return required ? partitioning?.field : undefined;
}

/** Checks a new or changed definition. Throws 400 `invalid`, worded as the service does. */
export function checkTable(table: Table, isView: boolean): void {
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

/** DuckDB's statements for a change of schema. Throws 400 for what may not change. */
export function schemaChange(table: Table, next: TableField[], name: string): string {
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
