import { invalidQuery, unsupported } from '../errors.ts';
import type { ColumnDef, CreateMode, Expr, MergeAction, Statement, TableName } from './ast.ts';
import { Cursor } from './cursor.ts';
import { parseExpression } from './parse-expression.ts';
import { parseFrom, parseQuery, parseTablePath, startsQuery } from './parse-query.ts';
import { parseType } from './parse-type.ts';

/** One GoogleSQL statement. Throws a syntax error, or a refusal by name for scripting and other statements. */
export function parseStatement(sql: string): Statement {
  const c = new Cursor(sql);
  const statement = statementAt(c);
  c.takeSymbol(';');
  if (c.peek().kind !== 'end') {
    if (c.peek(-1).text === ';') throw unsupported('A script of several statements');
    throw c.unexpected('end of input');
  }
  return statement;
}

function statementAt(c: Cursor): Statement {
  if (startsQuery(c)) return { kind: 'query', query: parseQuery(c) };
  if (c.takeWord('INSERT')) return parseInsert(c);
  if (c.takeWord('UPDATE')) return parseUpdate(c);
  if (c.takeWord('DELETE')) return parseDelete(c);
  if (c.takeWord('MERGE')) return parseMerge(c);
  if (c.takeWord('TRUNCATE', 'TABLE')) return { kind: 'truncate', table: tableName(c) };
  if (c.takeWord('CREATE')) return parseCreate(c);
  if (c.takeWord('DROP')) return parseDrop(c);
  const word = c.peek().kind === 'name' ? c.peek().text.toUpperCase() : '';
  if (
    [
      'DECLARE',
      'SET',
      'BEGIN',
      'IF',
      'LOOP',
      'WHILE',
      'FOR',
      'CALL',
      'EXECUTE',
      'ALTER',
      'EXPORT',
      'LOAD',
      'GRANT',
      'REVOKE',
      'ASSERT',
      'RAISE',
      'COMMIT',
      'ROLLBACK',
    ].includes(word)
  ) {
    throw unsupported(`Statement ${word}`);
  }
  if (c.peek().kind === 'end') throw c.unexpected();
  if (word === 'FROM') throw unsupported('Pipe syntax');
  throw c.unexpected();
}

function tableName(c: Cursor): TableName {
  const at = c.at;
  return { path: parseTablePath(c), at };
}

function valueOrDefault(c: Cursor): Expr | undefined {
  return c.takeWord('DEFAULT') ? undefined : parseExpression(c);
}

function parenthesised<T>(c: Cursor, item: () => T): T[] {
  c.expectSymbol('(');
  const items = c.commaList(item);
  c.expectSymbol(')');
  return items;
}

function parseInsert(c: Cursor): Statement {
  c.takeWord('INTO');
  const table = tableName(c);
  const columns =
    c.isSymbol('(') && !startsQuery(c) ? parenthesised(c, () => c.identifier()) : undefined;
  if (!c.takeWord('VALUES')) {
    return { kind: 'insert', table, columns, rows: undefined, query: parseQuery(c) };
  }
  const rows = c.commaList(() => parenthesised(c, () => valueOrDefault(c)));
  return { kind: 'insert', table, columns, rows, query: undefined };
}

function parseSet(c: Cursor) {
  return c.commaList(() => {
    const at = c.at;
    const path = [c.identifier()];
    while (c.takeSymbol('.')) path.push(c.identifier(true));
    c.expectSymbol('=');
    return { path, value: valueOrDefault(c), at };
  });
}

function parseUpdate(c: Cursor): Statement {
  const table = tableName(c);
  const alias = c.isWord('SET') ? undefined : c.alias();
  c.expectWord('SET');
  const set = parseSet(c);
  const from = c.takeWord('FROM') ? parseFrom(c) : undefined;
  if (!c.takeWord('WHERE')) throw invalidQuery('UPDATE must have a WHERE clause');
  return { kind: 'update', table, alias, set, from, where: parseExpression(c) };
}

function parseDelete(c: Cursor): Statement {
  c.takeWord('FROM');
  const table = tableName(c);
  const alias = c.isWord('WHERE') ? undefined : c.alias();
  if (!c.takeWord('WHERE')) throw invalidQuery('DELETE must have a WHERE clause');
  return { kind: 'delete', table, alias, where: parseExpression(c) };
}

function parseMergeAction(c: Cursor): MergeAction {
  if (c.takeWord('DELETE')) return { kind: 'delete' };
  if (c.takeWord('UPDATE')) {
    c.expectWord('SET');
    return { kind: 'update', set: parseSet(c) };
  }
  c.expectWord('INSERT');
  if (c.takeWord('ROW')) return { kind: 'insert-row' };
  const columns = parenthesised(c, () => c.identifier());
  c.expectWord('VALUES');
  return { kind: 'insert', columns, values: parenthesised(c, () => valueOrDefault(c)) };
}

function parseMerge(c: Cursor): Statement {
  c.takeWord('INTO');
  const table = tableName(c);
  const alias = c.isWord('USING') ? undefined : c.alias();
  c.expectWord('USING');
  const using = parseFrom(c);
  c.expectWord('ON');
  const on = parseExpression(c);
  const whens: Extract<Statement, { kind: 'merge' }>['whens'] = [];
  while (c.takeWord('WHEN')) {
    const not = c.takeWord('NOT');
    c.expectWord('MATCHED');
    const bySource = not && c.takeWord('BY', 'SOURCE');
    if (not && !bySource) c.takeWord('BY', 'TARGET');
    const and = c.takeWord('AND') ? parseExpression(c) : undefined;
    c.expectWord('THEN');
    const match = bySource ? 'not-matched-by-source' : not ? 'not-matched' : 'matched';
    whens.push({ match, and, action: parseMergeAction(c) });
  }
  return { kind: 'merge', table, alias, using, on, whens };
}

function parseOptions(c: Cursor): Record<string, Expr> {
  if (!c.takeWord('OPTIONS')) return {};
  c.expectSymbol('(');
  const options: Record<string, Expr> = {};
  while (!c.isSymbol(')')) {
    const name = c.identifier().toLowerCase();
    c.expectSymbol('=');
    options[name] = parseExpression(c);
    if (!c.takeSymbol(',')) break;
  }
  c.expectSymbol(')');
  return options;
}

function parseColumn(c: Cursor): ColumnDef {
  const name = c.identifier();
  const type = parseType(c);
  if (c.isWord('DEFAULT')) throw unsupported('A column DEFAULT');
  const required = c.takeWord('NOT', 'NULL');
  const description = parseOptions(c).description;
  return {
    name,
    type,
    required,
    description: description?.kind === 'string' ? description.text : undefined,
  };
}

function createMode(c: Cursor, replace: boolean): CreateMode {
  if (replace) return 'replace';
  return c.takeWord('IF', 'NOT', 'EXISTS') ? 'if-not-exists' : 'create';
}

function parseCreate(c: Cursor): Statement {
  const replace = c.takeWord('OR', 'REPLACE');
  if (c.takeWord('SCHEMA')) {
    const ifNotExists = createMode(c, false) === 'if-not-exists';
    const table = tableName(c);
    parseOptions(c);
    return { kind: 'create-schema', table, ifNotExists };
  }
  if (c.takeWord('VIEW')) {
    const mode = createMode(c, replace);
    const table = tableName(c);
    if (c.isSymbol('(')) throw unsupported('A column list of CREATE VIEW');
    const options = parseOptions(c);
    c.expectWord('AS');
    const from = c.at;
    const query = parseQuery(c);
    return {
      kind: 'create-view',
      mode,
      table,
      options,
      query,
      sql: c.sql.slice(from, c.at).trim(),
    };
  }
  if (!c.takeWord('TABLE')) throw unsupported(`CREATE ${c.peek().text.toUpperCase()}`);
  const mode = createMode(c, replace);
  const table = tableName(c);
  for (const word of ['CLONE', 'COPY', 'LIKE'])
    if (c.isWord(word)) throw unsupported(`CREATE TABLE … ${word}`);
  const columns = c.isSymbol('(') ? parenthesised(c, () => parseColumn(c)) : [];
  const partitionBy = c.takeWord('PARTITION', 'BY') ? parseExpression(c) : undefined;
  const clusterBy = c.takeWord('CLUSTER', 'BY') ? c.commaList(() => c.identifier()) : [];
  const options = parseOptions(c);
  const query = c.takeWord('AS') ? parseQuery(c) : undefined;
  if (columns.length === 0 && query === undefined) throw c.unexpected('column definitions or AS');
  return { kind: 'create-table', mode, table, columns, partitionBy, clusterBy, options, query };
}

function parseDrop(c: Cursor): Statement {
  const what = (['TABLE', 'VIEW', 'SCHEMA'] as const).find((word) => c.takeWord(word));
  if (what === undefined) throw unsupported(`DROP ${c.peek().text.toUpperCase()}`);
  const ifExists = c.takeWord('IF', 'EXISTS');
  const table = tableName(c);
  const cascade = what === 'SCHEMA' && c.takeWord('CASCADE');
  if (what === 'SCHEMA') c.takeWord('RESTRICT');
  return { kind: 'drop', what, table, ifExists, cascade };
}
