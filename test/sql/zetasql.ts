import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type Client,
  credentials,
  loadPackageDefinition,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { load } from '@grpc/proto-loader';
import { freePort } from '../support/redis-server.ts';
import { encodeValue, typeOf, type ZetaType, type ZetaValue } from './zetasql-values.ts';

/** A table as ZetaSQL knows it: its name is one identifier, dots and all. */
export type ZetaTable = {
  name: string;
  columns: ZetaColumn[];
  rows: ZetaValue[][];
};
export type ZetaColumn = { name: string; type: ZetaType };

/** A statement, the tables it may read, and its parameters by name, each with its GoogleSQL type. */
export type ZetaStatement = {
  sql: string;
  tables: ZetaTable[];
  parameters: Record<string, { type: string; value?: unknown }>;
};

export type ZetaSql = Awaited<ReturnType<typeof startZetaSql>>;

const FOLDER = fileURLToPath(
  new URL('../tools/node_modules/@fivetrandevelopers/zetasql/lib/zetasql/', import.meta.url),
);
const START_TIMEOUT_MS = 60_000;

/** Why ZetaSQL cannot be used here, or nothing when it can. */
export function zetaSqlMissing(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'it runs on Linux x64 only';
  if (!existsSync(FOLDER)) return 'test/tools is not installed, `npm test` does';
  return undefined;
}

/**
 * Google's own analyser and reference evaluator of GoogleSQL, the language of BigQuery, as a child process that ends
 * with `close` or, at the latest, with us.
 */
export async function startZetaSql() {
  const port = await freePort();
  // The shell outlives signals meant for us and sees our end by the closing of its pipe, whatever ends us.
  const guard = `trap '' INT TERM HUP; "$0" 127.0.0.1 "$1" & read -r _; kill -9 $!; wait`;
  const child = spawn('/bin/sh', ['-c', guard, `${FOLDER}remote_server.so`, String(port)], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const exited = once(child, 'exit');
  const { client, call } = await connect(port);
  const stop = async (): Promise<void> => {
    client.close();
    child.stdin.end();
    await exited;
  };
  try {
    await new Promise<void>((resolve, reject) => {
      client.waitForReady(Date.now() + START_TIMEOUT_MS, (e) => (e ? reject(e) : resolve()));
    });
  } catch (error) {
    await stop();
    throw error;
  }
  const language = {
    ...(await call<object>('GetLanguageOptions', { maximum_features: true })),
    product_mode: 'PRODUCT_EXTERNAL',
    // Empty: every kind of statement.
    supported_statement_kinds: [],
  };

  const requestOf = ({ sql, tables, parameters }: ZetaStatement) => ({
    sql,
    options: {
      language_options: language,
      default_timezone: 'UTC',
      query_parameters: Object.entries(parameters).map(([name, { type }]) => ({
        // Names are looked up in lower case.
        name: name.toLowerCase(),
        type: typeOf(type),
      })),
      enabled_rewrites: ['REWRITE_FLATTEN', 'REWRITE_PIVOT', 'REWRITE_UNPIVOT'],
    },
    descriptor_pool_list: { definitions: [{ builtin: {} }] },
    simple_catalog: {
      name: 'catalog',
      builtin_function_options: { language_options: language },
      table: tables.map(({ name, columns }, index) => ({
        name,
        serialization_id: index + 1,
        column: columns,
      })),
    },
  });

  return {
    /** Resolves when BigQuery's analyser takes the statement; rejects with its message when not. */
    async analyze(statement: ZetaStatement): Promise<void> {
      const { sql, ...request } = requestOf(statement);
      await call('Analyze', { ...request, sql_statement: sql });
    },

    /** The result of a query as a table named `as`. Rejects with ZetaSQL's message. */
    async evaluate(statement: ZetaStatement, as: string): Promise<ZetaTable> {
      const response = await call<EvaluateQueryResponse>('EvaluateQuery', {
        ...requestOf(statement),
        table_content: Object.fromEntries(
          statement.tables.map(({ name, rows }) => [
            name,
            { table_data: { row: rows.map((cell) => ({ cell })) } },
          ]),
        ),
        params: Object.entries(statement.parameters).map(([name, { type, value }]) => ({
          name: name.toLowerCase(),
          value: encodeValue(value, typeOf(type)),
        })),
      });
      return {
        name: as,
        columns: response.prepared.columns.map(({ name, type }) => ({ name, type })),
        rows: (response.content.table_data.row ?? []).map((row) => row.cell ?? []),
      };
    },

    close: stop,
  };
}

type EvaluateQueryResponse = {
  content: { table_data: { row?: { cell?: ZetaValue[] }[] } };
  prepared: { columns: ZetaColumn[] };
};

async function connect(port: number) {
  const definition = await load('local_service.proto', {
    includeDirs: [`${FOLDER}protos`],
    keepCase: true,
    longs: String,
    enums: String,
    arrays: true,
  });
  const root = loadPackageDefinition(definition) as unknown as {
    zetasql: { local_service: { ZetaSqlLocalService: ServiceClientConstructor } };
  };
  const client = new root.zetasql.local_service.ZetaSqlLocalService(
    `127.0.0.1:${port}`,
    credentials.createInsecure(),
  );
  const call = <Response>(method: string, request: object): Promise<Response> =>
    new Promise((resolve, reject) => {
      const unary = (client as unknown as Record<string, Unary<Response>>)[method]!;
      unary.call(client, request, (error, response) => {
        if (error) reject(new Error(`ZetaSQL: ${error.message}`));
        else resolve(response);
      });
    });
  return { client: client as Client, call };
}

type Unary<Response> = (
  request: object,
  callback: (error: Error | null, response: Response) => void,
) => void;
