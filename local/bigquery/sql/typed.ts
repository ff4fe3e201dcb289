import type { RangeVar } from './scope.ts';
import type { SqlType } from './types.ts';

/** An analysed expression: DuckDB SQL (safe to embed anywhere an operand may stand) and its GoogleSQL type. */
export type Typed = {
  sql: string;
  type: SqlType;
  /** Set for untyped literals, which GoogleSQL coerces more freely than other values. */
  literal?: { kind: 'int' | 'float' | 'string'; text: string };
  /** Set when the expression is exactly one column. */
  ref?: { rangeVar: RangeVar; column: string };
  /** The name GoogleSQL would give the column, when the expression has one. */
  name?: string;
};

/** A DuckDB string literal. */
export function sqlString(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
