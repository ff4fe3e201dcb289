import { invalidQuery, unsupported } from '../errors.ts';
import { position } from './lexer.ts';
import type { Demand } from './partition-filter.ts';
import { sqlString, type Typed } from './typed.ts';
import { type SqlType, structNames, typeName } from './types.ts';

/** A column by its GoogleSQL name, with the DuckDB SQL that reads it. */
export type Column = { name: string; type: SqlType; sql: string };

/** What one FROM item offers: a row of columns, or (UNNEST) one value that is also reached by the alias. */
export type RangeVar = {
  alias: string | undefined;
  columns: Column[];
  /** For UNNEST: the element itself, what the bare alias stands for. */
  value: Typed | undefined;
  /** Partition filters its tables still wait for. */
  demands: Demand[];
};

/** The names an expression can use, innermost first. */
export type Scope = {
  vars: RangeVar[];
  /** Columns joined by USING: unqualified, they stand for both sides. */
  merged: Column[];
  parent: Scope | undefined;
  /** Names of the SELECT list, where GoogleSQL lets them be used (GROUP BY, HAVING, QUALIFY, ORDER BY). */
  aliases: Map<string, Typed> | undefined;
};

/** A scope without names of its own inside another. */
export function emptyScope(parent: Scope | undefined): Scope {
  return { vars: [], merged: [], parent, aliases: undefined };
}

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

/** The unqualified columns of a scope in order, USING columns first and once. */
export function visibleColumns(scope: Scope): { column: Column; rangeVar: RangeVar | undefined }[] {
  const merged = scope.merged.map((column) => ({ column, rangeVar: undefined }));
  const rest = scope.vars.flatMap((rangeVar) =>
    rangeVar.columns
      .filter((column) => !scope.merged.some((m) => same(m.name, column.name)))
      .map((column) => ({ column, rangeVar })),
  );
  return [...merged, ...rest];
}

function columnOf(rangeVar: RangeVar | undefined, column: Column): Typed {
  const typed: Typed = { sql: column.sql, type: column.type, name: column.name };
  return rangeVar === undefined ? typed : { ...typed, ref: { rangeVar, column: column.name } };
}

function rowOf(rangeVar: RangeVar): Typed {
  if (rangeVar.value !== undefined) return rangeVar.value;
  const fields = rangeVar.columns.map((column) => `${sqlString(column.name)}: ${column.sql}`);
  return {
    sql: `{${fields.join(', ')}}`,
    type: { kind: 'STRUCT', fields: rangeVar.columns.map(({ name, type }) => ({ name, type })) },
    name: rangeVar.alias!,
  };
}

/** A field of a struct. Throws when the value is no struct or lacks the field. */
export function fieldOf(base: Typed, name: string, where: string): Typed {
  if (base.type.kind === 'JSON') throw unsupported('Field access on JSON (use JSON_VALUE)');
  if (base.type.kind !== 'STRUCT') {
    throw invalidQuery(
      `Cannot access field ${name} on a value with type ${typeName(base.type)} at ${where}`,
    );
  }
  const index = base.type.fields.findIndex((field) => same(field.name, name));
  if (index < 0)
    throw invalidQuery(`Field name ${name} does not exist in ${typeName(base.type)} at ${where}`);
  const duckName = structNames(base.type)[index]!;
  return {
    sql: `struct_extract(${base.sql}, ${sqlString(duckName)})`,
    type: base.type.fields[index]!.type,
    name,
  };
}

function lookUp(
  scope: Scope,
  parts: string[],
  where: string,
  useAliases: boolean,
): [Typed, string[]] | undefined {
  const [first, second] = [parts[0]!, parts[1]];
  const alias = useAliases ? scope.aliases?.get(first.toLowerCase()) : undefined;
  if (alias !== undefined) return [{ ...alias, name: first }, parts.slice(1)];
  const rangeVar = scope.vars.find((v) => v.alias !== undefined && same(v.alias, first));
  if (rangeVar !== undefined) {
    if (second === undefined || rangeVar.value !== undefined)
      return [rowOf(rangeVar), parts.slice(1)];
    const column = rangeVar.columns.find((c) => same(c.name, second));
    if (column === undefined)
      throw invalidQuery(`Name ${second} not found inside ${first} at ${where}`);
    return [columnOf(rangeVar, column), parts.slice(2)];
  }
  const found = visibleColumns(scope).filter(({ column }) => same(column.name, first));
  if (found.length > 1) throw invalidQuery(`Column name ${first} is ambiguous at ${where}`);
  if (found.length === 1) return [columnOf(found[0]!.rangeVar, found[0]!.column), parts.slice(1)];
  return undefined;
}

/**
 * What a dotted name stands for, searched from the innermost scope outwards; range variables win over columns, and
 * SELECT-list names over both where they are allowed.
 */
export function resolvePath(
  scope: Scope,
  parts: string[],
  sql: string,
  at: number,
  useAliases: boolean,
): Typed {
  const where = position(sql, at);
  for (let s: Scope | undefined = scope; s !== undefined; s = s.parent) {
    const found = lookUp(s, parts, where, useAliases);
    if (found === undefined) continue;
    return found[1].reduce((base, part) => fieldOf(base, part, where), found[0]);
  }
  throw invalidQuery(`Unrecognized name: ${parts[0]} at ${where}`);
}
