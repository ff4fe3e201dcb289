import type { Catalog, Table } from '../catalog.ts';
import { resultSchema } from '../encode.ts';
import type { Engine } from '../engine.ts';
import { invalid } from '../errors.ts';
import type { Request, Route } from '../http.ts';
import type { StatementRunner } from '../run-statement.ts';
import { pageOf, settable } from './datasets.ts';

const BASE = '/projects/:project/datasets/:dataset/tables';

/** tables.insert, get, list, patch, update, delete, for tables and views. */
export function tableRoutes(options: {
  catalog: Catalog;
  engine: Engine;
  statements: StatementRunner;
}): Route[] {
  const { catalog, engine, statements } = options;

  async function show(table: Table) {
    if (table.duckName === undefined) return table.resource;
    const { rows } = await engine.run(`SELECT count(*) FROM ${table.duckName}`);
    // Sizes are not measured; clients want the field to be there.
    return { ...table.resource, numRows: String(rows[0]![0]), numBytes: '0' };
  }

  const change: Route['handle'] = async ({ params, body }) => {
    catalog.checkProject(params.project!);
    return {
      body: await show(await catalog.updateTable(params.dataset!, params.table!, settable(body))),
    };
  };
  const one = ({ params }: Request) => {
    catalog.checkProject(params.project!);
    return catalog.table(params.dataset!, params.table!);
  };

  return [
    {
      method: 'POST',
      path: BASE,
      handle: async ({ params, body }) => {
        catalog.checkProject(params.project!);
        const { tableId } = (body.tableReference ?? {}) as { tableId?: string };
        const resource = settable(body);
        const view = resource.view as { query?: string; useLegacySql?: boolean } | undefined;
        if (view?.useLegacySql === true)
          throw invalid('Legacy SQL views are not supported by the local BigQuery endpoint');
        catalog.dataset(params.dataset!);
        if (view?.query !== undefined)
          resource.schema = resultSchema(statements.describeView(view.query));
        return { body: await show(await catalog.createTable(params.dataset!, tableId, resource)) };
      },
    },
    {
      method: 'GET',
      path: BASE,
      handle: ({ params, query }) => {
        catalog.checkProject(params.project!);
        const all = [...catalog.dataset(params.dataset!).tables.values()].sort((a, b) =>
          a.id < b.id ? -1 : 1,
        );
        const { items, ...rest } = pageOf(all, query);
        const tables = items.map(({ resource, view }) => {
          const {
            kind,
            id,
            tableReference,
            type,
            timePartitioning,
            clustering,
            labels,
            creationTime,
          } = resource;
          return {
            kind,
            id,
            tableReference,
            type,
            timePartitioning,
            clustering,
            labels,
            creationTime,
            ...(view === undefined ? {} : { view: { useLegacySql: false } }),
          };
        });
        return {
          body: {
            kind: 'bigquery#tableList',
            etag: 'list',
            tables,
            totalItems: all.length,
            ...rest,
          },
        };
      },
    },
    {
      method: 'GET',
      path: `${BASE}/:table`,
      handle: async (request) => ({ body: await show(one(request)) }),
    },
    { method: 'PATCH', path: `${BASE}/:table`, handle: change },
    { method: 'PUT', path: `${BASE}/:table`, handle: change },
    {
      method: 'DELETE',
      path: `${BASE}/:table`,
      handle: async (request) => {
        one(request);
        await catalog.deleteTable(request.params.dataset!, request.params.table!);
        return {};
      },
    },
  ];
}
