import type { Catalog } from './catalog.ts';
import { invalidQuery, unsupported } from './errors.ts';
import { informationSchema } from './information-schema.ts';
import type { Parameters } from './params.ts';
import { fieldType } from './schema.ts';
import type { Environment, TableInfo } from './sql/context.ts';
import { quote } from './sql/types.ts';
import { requiredFilter } from './table-rules.ts';

/** A dataset reference as requests write it. */
export type DatasetRef = { projectId?: string; datasetId: string };
export type TableAddress = { dataset: string; table: string };

/**
 * The dataset and table a name of one to three parts means. Throws for a bare name without a default dataset, and for
 * other projects.
 */
export function addressOf(
  catalog: Catalog,
  path: string[],
  defaultDataset: DatasetRef | undefined,
): TableAddress {
  const parts = [...path];
  const table = parts.pop()!;
  const dataset = parts.pop() ?? defaultDataset?.datasetId;
  if (dataset === undefined) {
    throw invalidQuery(`Table "${table}" must be qualified with a dataset (e.g. dataset.table).`);
  }
  const project = parts.pop();
  if (parts.length > 0) throw invalidQuery(`Invalid table name: \`${path.join('.')}\``);
  if (project !== undefined) catalog.checkProject(project);
  return { dataset, table };
}

/** The dataset's or project's catalog for the analyser of one statement. */
export function createEnvironment(options: {
  catalog: Catalog;
  defaultDataset: DatasetRef | undefined;
  params: Parameters;
  nowMs: number;
}): Environment {
  const { catalog, defaultDataset, params } = options;
  return {
    nowMicros: BigInt(options.nowMs) * 1000n,
    param: (name, ordinal) => params.typed(name, ordinal),
    table(path, useDefaultDataset): TableInfo {
      const dot = path.findIndex((part) => part.toUpperCase() === 'INFORMATION_SCHEMA');
      if (dot >= 0 && dot === path.length - 2) {
        const dataset =
          path[dot - 1] ?? (useDefaultDataset ? defaultDataset?.datasetId : undefined);
        if (dataset === undefined) throw unsupported('INFORMATION_SCHEMA without a dataset');
        if (dot >= 2) catalog.checkProject(path[dot - 2]!);
        return informationSchema(catalog, catalog.dataset(dataset), path.at(-1)!.toUpperCase());
      }
      const last = path.at(-1)!;
      if (last.endsWith('*')) throw unsupported('A wildcard table');
      const address = addressOf(catalog, path, useDefaultDataset ? defaultDataset : undefined);
      const table = catalog.table(address.dataset, address.table);
      const name = `${catalog.projectId}.${address.dataset}.${address.table}`;
      if (table.view !== undefined) return { kind: 'view', name, query: table.view };
      const columns = table.fields.map((field) => ({ name: field.name, type: fieldType(field) }));
      return {
        kind: 'table',
        name,
        sql: quote(table.duckName!),
        columns,
        requiredFilter: requiredFilter(table),
      };
    },
  };
}
