import type { Catalog } from '../catalog.ts';
import { encodeRows } from '../encode.ts';
import type { Engine } from '../engine.ts';
import { invalid } from '../errors.ts';
import type { Request, Route } from '../http.ts';
import type { InsertAllRequest, InsertAllResponse } from '../insert-all.ts';
import { fieldType } from '../schema.ts';
import { quote } from '../sql/types.ts';
import { timestampFormat } from './jobs.ts';

const BASE = '/projects/:project/datasets/:dataset/tables/:table';
const PAGE_ROWS = 50_000;

/** tabledata.insertAll and tabledata.list. */
export function tabledataRoutes(options: {
  catalog: Catalog;
  engine: Engine;
  insertAll: (
    address: { dataset: string; table: string },
    request: InsertAllRequest,
  ) => Promise<InsertAllResponse>;
}): Route[] {
  const { catalog, engine, insertAll } = options;
  const one = ({ params }: Request) => {
    catalog.checkProject(params.project!);
    return catalog.table(params.dataset!, params.table!);
  };
  return [
    {
      method: 'POST',
      path: `${BASE}/insertAll`,
      handle: async ({ params, body }) => {
        catalog.checkProject(params.project!);
        const address = { dataset: params.dataset!, table: params.table! };
        return { body: await insertAll(address, body as InsertAllRequest) };
      },
    },
    {
      method: 'GET',
      path: `${BASE}/data`,
      handle: async (request) => {
        const table = one(request);
        if (table.duckName === undefined) throw invalid(`Cannot list a table of type VIEW.`);
        const { query } = request;
        const selected = query.get('selectedFields')?.split(',');
        const fields = table.fields.filter(
          (field) => selected === undefined || selected.includes(field.name),
        );
        const from = Number(query.get('pageToken') ?? query.get('startIndex') ?? 0);
        const count = Math.min(Number(query.get('maxResults') ?? PAGE_ROWS), PAGE_ROWS);
        const columns = fields.map((field) => quote(field.name)).join(', ');
        const [total, page] = [
          await engine.run(`SELECT count(*) FROM ${table.duckName}`),
          await engine.run(
            `SELECT ${columns} FROM ${table.duckName} ORDER BY rowid LIMIT ${count} OFFSET ${from}`,
          ),
        ];
        const totalRows = Number(total.rows[0]![0]);
        const rows = encodeRows(page.rows, fields.map(fieldType), timestampFormat(query));
        const next =
          from + rows.length < totalRows && rows.length > 0
            ? { pageToken: String(from + rows.length) }
            : {};
        return {
          body: {
            kind: 'bigquery#tableDataList',
            etag: 'list',
            totalRows: String(totalRows),
            rows,
            ...next,
          },
        };
      },
    },
  ];
}
