import type { DuckDBValue } from '@duckdb/node-api';
import type { Catalog } from './catalog.ts';
import { runDdl } from './ddl.ts';
import type { Engine } from './engine.ts';
import { createEnvironment, type DatasetRef } from './environment.ts';
import { BigQueryError, invalidQuery, messageOf } from './errors.ts';
import { type QueryParameter, readParameters } from './params.ts';
import { analyseDml, statementContext } from './sql/dml.ts';
import { parseStatement } from './sql/parse-statement.ts';
import { refuseOpen } from './sql/partition-filter.ts';
import { analyseQuery } from './sql/query.ts';
import { quote, type SqlType } from './sql/types.ts';

/** One statement to run. */
export type StatementRequest = {
  sql: string;
  defaultDataset: DatasetRef | undefined;
  parameters: QueryParameter[];
  dryRun: boolean;
  /** Called when the statement starts to run, with what interrupts it. */
  onStart: (interrupt: () => void) => void;
};

/** What it gave; `columns` and `rows` are empty for anything but a query. */
export type StatementResult = {
  statementType: string;
  columns: { name: string; type: SqlType }[];
  rows: DuckDBValue[][];
  /** Rows changed by DML. */
  affected: number | undefined;
  ddl: { operation: string; target: { dataset: string; table: string } | undefined } | undefined;
};

const NOTHING = { columns: [], rows: [], affected: undefined, ddl: undefined };

/**
 * Analyses and runs GoogleSQL statements. Throws BigQueryError: 400 `invalidQuery` for what is wrong or not offered,
 * 404 for tables that are not there. A dry run stops after the analysis.
 *
 * The SQL is not transpiled word by word: statements are parsed and typed as GoogleSQL, and DuckDB is told the types
 * and the operations explicitly. What a NUMERIC division, an integer SUM or a bare 0.1 means depends on types, so a
 * translation of the text alone answers some of them wrongly and silently. Whatever the analysis has no rule for
 * never reaches DuckDB.
 */
export function createStatementRunner(options: {
  catalog: Catalog;
  engine: Engine;
  now: () => number;
}) {
  const { catalog, engine, now } = options;

  /** Columns of a query as a view of it has them; a required partition filter may be left to the view's readers. */
  function describeView(sql: string): StatementResult['columns'] {
    const env = createEnvironment({
      catalog,
      defaultDataset: undefined,
      params: readParameters([]),
      nowMs: now(),
    });
    const statement = parseStatement(sql);
    if (statement.kind !== 'query') throw invalidQuery('A view must be a query');
    const { columns } = analyseQuery(statementContext(sql, env), statement.query);
    refuseDuplicates(columns);
    return columns;
  }

  async function run(request: StatementRequest): Promise<StatementResult> {
    const { sql, defaultDataset, dryRun } = request;
    if (sql.trim() === '') throw invalidQuery('Syntax error: Unexpected end of script at [1:1]');
    const params = readParameters(request.parameters);
    const env = createEnvironment({ catalog, defaultDataset, params, nowMs: now() });
    const ctx = statementContext(sql, env);
    const statement = parseStatement(sql);
    try {
      switch (statement.kind) {
        case 'query': {
          const query = analyseQuery(ctx, statement.query);
          refuseOpen(query.demands);
          refuseDuplicates(query.columns);
          const result = dryRun
            ? { rows: [] }
            : await engine.run(query.sql, params.bindings(), request.onStart);
          return { ...NOTHING, statementType: 'SELECT', columns: query.columns, rows: result.rows };
        }
        case 'create-table':
        case 'create-view':
        case 'drop':
        case 'create-schema': {
          const source =
            'query' in statement && statement.query !== undefined
              ? analyseQuery(ctx, statement.query)
              : undefined;
          if (source !== undefined && statement.kind === 'create-table') refuseOpen(source.demands);
          if (dryRun)
            return { ...NOTHING, statementType: statement.kind.toUpperCase().replace('-', '_') };
          const done = await runDdl(
            catalog,
            statement,
            defaultDataset,
            statement.kind === 'create-table' ? source : undefined,
          );
          if (
            statement.kind === 'create-table' &&
            source !== undefined &&
            done.operation !== 'SKIP'
          ) {
            const table = catalog.table(done.target!.dataset, done.target!.table);
            const columns = table.fields.map((field) => quote(field.name)).join(', ');
            await engine.write((c) =>
              c.run(`INSERT INTO ${table.duckName} (${columns}) ${source.sql}`, params.bindings()),
            );
          }
          return { ...NOTHING, statementType: done.statementType, ddl: done };
        }
        default: {
          const duckSql = analyseDml(ctx, statement);
          const statementType =
            statement.kind === 'truncate' ? 'TRUNCATE_TABLE' : statement.kind.toUpperCase();
          if (dryRun) return { ...NOTHING, statementType };
          const affected = await engine.write(
            async (c) => (await c.run(duckSql, params.bindings())).rowsChanged,
          );
          return { ...NOTHING, statementType, affected };
        }
      }
    } catch (error) {
      throw asQueryError(error);
    }
  }

  return { run, describeView };
}

export type StatementRunner = ReturnType<typeof createStatementRunner>;

function refuseDuplicates(columns: { name: string }[]): void {
  const names = columns.map((column) => column.name.toLowerCase());
  const twice = [...new Set(names.filter((name, i) => names.indexOf(name) !== i))];
  if (twice.length > 0) {
    throw invalidQuery(
      `Duplicate column names in the result are not supported. Found duplicate(s): ${twice.join(', ')}`,
    );
  }
}

/** Errors of DuckDB as the errors of a query; our own pass unchanged. */
function asQueryError(error: unknown): unknown {
  if (error instanceof BigQueryError) return error;
  const message = messageOf(error);
  if (/^INTERRUPT/i.test(message))
    return new BigQueryError('stopped', 'Job execution was cancelled: User requested cancellation');
  if (/^(INTERNAL|FATAL|IO) Error/i.test(message)) return error;
  const plain = message
    .split('\n\nLINE ')[0]!
    .replace(/^[A-Z][A-Za-z ]+ Error: /, '')
    .trim();
  return invalidQuery(plain);
}
