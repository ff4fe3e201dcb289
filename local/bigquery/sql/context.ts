import type { Window } from './ast.ts';
import type { Demand } from './partition-filter.ts';
import type { Column, Scope } from './scope.ts';
import type { Typed } from './typed.ts';

/** A table as the analyser sees it. */
export type TableInfo =
  | {
      kind: 'table';
      name: string;
      sql: string;
      columns: Omit<Column, 'sql'>[];
      requiredFilter: string | undefined;
    }
  | { kind: 'view'; name: string; query: string };

/** What a statement is analysed against: one snapshot of the catalog and the values of its parameters. */
export type Environment = {
  /** A table or view by its parts, or an INFORMATION_SCHEMA view. Throws not found. */
  table(path: string[], useDefaultDataset: boolean): TableInfo;
  /** A parameter as a value; nothing when the request did not bring it. */
  param(name: string, ordinal: number): Typed | undefined;
  /** CURRENT_TIMESTAMP of the statement. */
  nowMicros: bigint;
};

/** A query's DuckDB SQL, its columns by GoogleSQL name and type, and the partition filters it still needs. */
export type AnalysedQuery = { sql: string; columns: Omit<Column, 'sql'>[]; demands: Demand[] };

/** State shared by all parts of one statement's analysis. */
export type Statement = {
  sql: string;
  env: Environment;
  /** Names for derived tables, unique in the statement. */
  nextName(): string;
  useDefaultDataset: boolean;
  viewDepth: number;
};

/** The SELECT an expression belongs to: what it uses decides how the SELECT may be read. */
export type SelectState = {
  windows: { name: string; window: Window }[];
  hasAggregate: boolean;
  /** PARTITION BY of every window function met. */
  partitions: Typed[][];
};

/** Where an expression stands. */
export type Context = {
  statement: Statement;
  scope: Scope;
  ctes: Map<string, { name: string; query: AnalysedQuery }>;
  select: SelectState | undefined;
  /** Inside an aggregate's arguments SELECT-list names are not visible. */
  inAggregate: boolean;
};
