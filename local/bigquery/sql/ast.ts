import type { SqlType } from './types.ts';

/** Every node carries `at`, its offset in the statement, for messages. */
export type Expr = { at: number } & (
  | { kind: 'null' }
  | { kind: 'bool'; value: boolean }
  | { kind: 'int' | 'float' | 'string'; text: string }
  | { kind: 'bytes'; bytes: Uint8Array }
  | { kind: 'typed-literal'; type: SqlType; text: string }
  | { kind: 'path'; parts: string[] }
  | { kind: 'field'; base: Expr; name: string }
  | {
      kind: 'index';
      base: Expr;
      mode: 'OFFSET' | 'ORDINAL' | 'SAFE_OFFSET' | 'SAFE_ORDINAL' | '';
      index: Expr;
    }
  | { kind: 'param'; name: string; ordinal: number }
  | { kind: 'unary'; op: '-' | '+' | '~' | 'NOT'; operand: Expr }
  | { kind: 'binary'; op: BinaryOp; left: Expr; right: Expr }
  | { kind: 'between'; operand: Expr; low: Expr; high: Expr; not: boolean }
  | { kind: 'in'; operand: Expr; list: InList; not: boolean }
  | { kind: 'is'; operand: Expr; what: 'NULL' | 'TRUE' | 'FALSE'; not: boolean }
  | { kind: 'distinct-from'; left: Expr; right: Expr; not: boolean }
  | Call
  | { kind: 'cast'; operand: Expr; type: SqlType; safe: boolean }
  | { kind: 'extract'; part: string; operand: Expr; zone: Expr | undefined }
  | { kind: 'interval'; amount: Expr; part: string }
  | {
      kind: 'case';
      operand: Expr | undefined;
      whens: { when: Expr; result: Expr }[];
      otherwise: Expr | undefined;
    }
  | { kind: 'array'; element: SqlType | undefined; items: Expr[] }
  | { kind: 'struct'; type: SqlType | undefined; fields: { name: string; value: Expr }[] }
  | { kind: 'array-query' | 'scalar-query' | 'exists'; query: Query }
);

export type BinaryOp =
  | 'OR'
  | 'AND'
  | '='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'LIKE'
  | 'NOT LIKE'
  | '|'
  | '^'
  | '&'
  | '<<'
  | '>>'
  | '+'
  | '-'
  | '*'
  | '/'
  | '||';

export type InList =
  | { kind: 'values'; values: Expr[] }
  | { kind: 'unnest'; array: Expr }
  | { kind: 'query'; query: Query };

export type Call = {
  kind: 'call';
  /** Upper case; `NAMESPACE.NAME` for the dotted ones. */
  name: string;
  args: Expr[];
  /** `COUNT(*)`. */
  star: boolean;
  distinct: boolean;
  nulls: 'IGNORE' | 'RESPECT' | undefined;
  having: { kind: 'MAX' | 'MIN'; by: Expr } | undefined;
  orderBy: OrderItem[];
  limit: Expr | undefined;
  over: Window | undefined;
};

export type OrderItem = { expr: Expr; descending: boolean; nullsFirst: boolean | undefined };
export type Window = {
  base: string | undefined;
  partitionBy: Expr[];
  orderBy: OrderItem[];
  frame: Frame | undefined;
};
export type Frame = { unit: 'ROWS' | 'RANGE'; from: FrameBound; to: FrameBound | undefined };
export type FrameBound =
  | { kind: 'UNBOUNDED PRECEDING' | 'UNBOUNDED FOLLOWING' | 'CURRENT ROW' }
  | { kind: 'PRECEDING' | 'FOLLOWING'; amount: Expr };

export type SelectItem =
  | { kind: 'expr'; expr: Expr; alias: string | undefined }
  | {
      kind: 'star';
      of: Expr | undefined;
      except: string[];
      replace: { expr: Expr; name: string }[];
      at: number;
    };

export type FromItem = { at: number } & (
  | { kind: 'table'; path: string[]; alias: string | undefined }
  | { kind: 'subquery'; query: Query; alias: string | undefined }
  | { kind: 'unnest'; array: Expr; alias: string | undefined; offset: string | undefined }
  | {
      kind: 'join';
      type: JoinType;
      left: FromItem;
      right: FromItem;
      on: Expr | undefined;
      using: string[];
    }
);
export type JoinType = 'CROSS' | 'INNER' | 'LEFT' | 'RIGHT' | 'FULL';

export type Select = {
  kind: 'select';
  at: number;
  distinct: boolean;
  asStruct: boolean;
  items: SelectItem[];
  from: FromItem | undefined;
  where: Expr | undefined;
  groupBy: Expr[];
  rollup: boolean;
  having: Expr | undefined;
  qualify: Expr | undefined;
  windows: { name: string; window: Window }[];
};
export type SetOp = {
  kind: 'set';
  at: number;
  op: 'UNION ALL' | 'UNION' | 'INTERSECT' | 'EXCEPT';
  left: QueryBody;
  right: QueryBody;
};
export type QueryBody = Select | SetOp | { kind: 'query'; query: Query; at: number };
export type Query = {
  at: number;
  ctes: { name: string; query: Query; at: number }[];
  body: QueryBody;
  orderBy: OrderItem[];
  limit: Expr | undefined;
  offset: Expr | undefined;
};

export type TableName = { path: string[]; at: number };
export type ColumnDef = {
  name: string;
  type: SqlType;
  required: boolean;
  description: string | undefined;
};
export type CreateMode = 'create' | 'replace' | 'if-not-exists';
export type MergeAction =
  | { kind: 'delete' }
  | { kind: 'update'; set: { path: string[]; value: Expr | undefined; at: number }[] }
  | { kind: 'insert'; columns: string[]; values: (Expr | undefined)[] }
  | { kind: 'insert-row' };

export type Statement =
  | { kind: 'query'; query: Query }
  | {
      kind: 'insert';
      table: TableName;
      columns: string[] | undefined;
      rows: (Expr | undefined)[][] | undefined;
      query: Query | undefined;
    }
  | {
      kind: 'update';
      table: TableName;
      alias: string | undefined;
      set: { path: string[]; value: Expr | undefined; at: number }[];
      from: FromItem | undefined;
      where: Expr;
    }
  | { kind: 'delete'; table: TableName; alias: string | undefined; where: Expr }
  | {
      kind: 'merge';
      table: TableName;
      alias: string | undefined;
      using: FromItem;
      on: Expr;
      whens: {
        match: 'matched' | 'not-matched' | 'not-matched-by-source';
        and: Expr | undefined;
        action: MergeAction;
      }[];
    }
  | { kind: 'truncate'; table: TableName }
  | {
      kind: 'create-table';
      mode: CreateMode;
      table: TableName;
      columns: ColumnDef[];
      partitionBy: Expr | undefined;
      clusterBy: string[];
      options: Record<string, Expr>;
      query: Query | undefined;
    }
  | {
      kind: 'create-view';
      mode: CreateMode;
      table: TableName;
      options: Record<string, Expr>;
      query: Query;
      sql: string;
    }
  | {
      kind: 'drop';
      what: 'TABLE' | 'VIEW' | 'SCHEMA';
      table: TableName;
      ifExists: boolean;
      cascade: boolean;
    }
  | { kind: 'create-schema'; table: TableName; ifNotExists: boolean };
