import { unsupported } from '../errors.ts';
import type { BinaryOp, Expr, InList } from './ast.ts';
import type { Cursor } from './cursor.ts';
import {
  isTypedLiteral,
  parseCall,
  parseCase,
  parseCast,
  parseExtract,
  parseInterval,
} from './parse-call.ts';
import { parseQuery, startsQuery } from './parse-query.ts';
import { parseType } from './parse-type.ts';
import { scalarType } from './types.ts';

// Loosest first; comparisons, NOT and unary operators stand apart because they do not chain to the left.
const LEVELS: BinaryOp[][] = [['|'], ['^'], ['&'], ['<<', '>>'], ['+', '-'], ['*', '/', '||']];
const COMPARISONS: Record<string, BinaryOp> = {
  '=': '=',
  '!=': '!=',
  '<>': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

/** An expression, with GoogleSQL's operator precedence. */
export function parseExpression(c: Cursor): Expr {
  let left = parseAnd(c);
  while (c.isWord('OR')) {
    const at = c.next().start;
    left = { kind: 'binary', op: 'OR', left, right: parseAnd(c), at };
  }
  return left;
}

function parseAnd(c: Cursor): Expr {
  let left = parseNot(c);
  while (c.isWord('AND')) {
    const at = c.next().start;
    left = { kind: 'binary', op: 'AND', left, right: parseNot(c), at };
  }
  return left;
}

function parseNot(c: Cursor): Expr {
  const at = c.at;
  if (c.takeWord('NOT')) return { kind: 'unary', op: 'NOT', operand: parseNot(c), at };
  return parseComparison(c);
}

function parseComparison(c: Cursor): Expr {
  const left = parseBinary(c, 0);
  const at = c.at;
  const token = c.peek();
  const op = token.kind === 'symbol' ? COMPARISONS[token.text] : undefined;
  if (op !== undefined) {
    c.next();
    return { kind: 'binary', op, left, right: parseBinary(c, 0), at };
  }
  if (c.takeWord('IS')) return parseIs(c, left, at);
  const not = c.isWord('NOT') && ['IN', 'LIKE', 'BETWEEN'].includes(c.peek(1).text.toUpperCase());
  if (not) c.next();
  if (c.takeWord('LIKE')) {
    if (c.isWord('ANY') || c.isWord('ALL') || c.isWord('SOME')) throw unsupported('LIKE ANY/ALL');
    return { kind: 'binary', op: not ? 'NOT LIKE' : 'LIKE', left, right: parseBinary(c, 0), at };
  }
  if (c.takeWord('BETWEEN')) {
    const low = parseBinary(c, 0);
    c.expectWord('AND');
    return { kind: 'between', operand: left, low, high: parseBinary(c, 0), not, at };
  }
  if (c.takeWord('IN')) return { kind: 'in', operand: left, list: parseInList(c), not, at };
  return left;
}

function parseIs(c: Cursor, operand: Expr, at: number): Expr {
  const not = c.takeWord('NOT');
  if (c.takeWord('NULL')) return { kind: 'is', operand, what: 'NULL', not, at };
  if (c.takeWord('TRUE')) return { kind: 'is', operand, what: 'TRUE', not, at };
  if (c.takeWord('FALSE')) return { kind: 'is', operand, what: 'FALSE', not, at };
  c.expectWord('DISTINCT', 'FROM');
  return { kind: 'distinct-from', left: operand, right: parseBinary(c, 0), not, at };
}

function parseInList(c: Cursor): InList {
  if (c.takeWord('UNNEST')) {
    c.expectSymbol('(');
    const array = parseExpression(c);
    c.expectSymbol(')');
    return { kind: 'unnest', array };
  }
  c.expectSymbol('(');
  const list: InList = startsQuery(c)
    ? { kind: 'query', query: parseQuery(c) }
    : { kind: 'values', values: c.commaList(() => parseExpression(c)) };
  c.expectSymbol(')');
  return list;
}

function parseBinary(c: Cursor, level: number): Expr {
  const ops = LEVELS[level];
  if (ops === undefined) return parseUnary(c);
  let left = parseBinary(c, level + 1);
  for (;;) {
    const token = c.peek();
    const op = token.kind === 'symbol' ? ops.find((o) => o === token.text) : undefined;
    if (op === undefined) return left;
    c.next();
    left = { kind: 'binary', op, left, right: parseBinary(c, level + 1), at: token.start };
  }
}

function parseUnary(c: Cursor): Expr {
  const at = c.at;
  for (const op of ['-', '+', '~'] as const) {
    if (c.takeSymbol(op)) return { kind: 'unary', op, operand: parseUnary(c), at };
  }
  return parsePostfix(c, parsePrimary(c));
}

function parsePostfix(c: Cursor, start: Expr): Expr {
  let base = start;
  for (;;) {
    const at = c.at;
    if (c.isSymbol('.') && !c.isSymbol('*', 1)) {
      c.next();
      base = { kind: 'field', base, name: c.identifier(true), at };
    } else if (c.takeSymbol('[')) {
      const mode = (['OFFSET', 'ORDINAL', 'SAFE_OFFSET', 'SAFE_ORDINAL'] as const).find(
        (m) => c.isWord(m) && c.isSymbol('(', 1),
      );
      if (mode !== undefined) {
        c.next();
        c.next();
      }
      const index = parseExpression(c);
      if (mode !== undefined) c.expectSymbol(')');
      c.expectSymbol(']');
      base = { kind: 'index', base, mode: mode ?? '', index, at };
    } else return base;
  }
}

function parseParenthesised(c: Cursor): Expr {
  const at = c.at;
  c.expectSymbol('(');
  if (startsQuery(c)) {
    const query = parseQuery(c);
    c.expectSymbol(')');
    return { kind: 'scalar-query', query, at };
  }
  const first = parseExpression(c);
  if (!c.isSymbol(',')) {
    c.expectSymbol(')');
    return first;
  }
  const values = [first];
  while (c.takeSymbol(',')) values.push(parseExpression(c));
  c.expectSymbol(')');
  return {
    kind: 'struct',
    type: undefined,
    fields: values.map((value) => ({ name: '', value })),
    at,
  };
}

function parseArray(c: Cursor, at: number): Expr {
  if (c.takeSymbol('(')) {
    const query = parseQuery(c);
    c.expectSymbol(')');
    return { kind: 'array-query', query, at };
  }
  let element: ReturnType<typeof parseType> | undefined;
  if (c.takeSymbol('<')) {
    element = parseType(c);
    c.expectSymbol('>');
  }
  c.expectSymbol('[');
  const items = c.isSymbol(']') ? [] : c.commaList(() => parseExpression(c));
  c.expectSymbol(']');
  return { kind: 'array', element, items, at };
}

function parseStruct(c: Cursor, at: number): Expr {
  const type = c.isSymbol('<') ? parseType(c, 'STRUCT') : undefined;
  c.expectSymbol('(');
  const fields = c.isSymbol(')')
    ? []
    : c.commaList(() => {
        const value = parseExpression(c);
        // A bare column gives its name to the field.
        const implied =
          value.kind === 'path' ? value.parts.at(-1)! : value.kind === 'field' ? value.name : '';
        return { value, name: c.takeWord('AS') ? c.identifier() : implied };
      });
  c.expectSymbol(')');
  return { kind: 'struct', type, fields, at };
}

function parsePrimary(c: Cursor): Expr {
  const token = c.peek();
  const at = token.start;
  if (token.kind === 'symbol') {
    if (token.text === '(') return parseParenthesised(c);
    if (token.text === '[') return parseArray(c, at);
    throw c.unexpected();
  }
  if (token.kind === 'int' || token.kind === 'float' || token.kind === 'string') {
    c.next();
    return { kind: token.kind, text: token.text, at };
  }
  if (token.kind === 'bytes') {
    c.next();
    return { kind: 'bytes', bytes: token.bytes!, at };
  }
  if (token.kind === 'param') {
    c.next();
    return {
      kind: 'param',
      name: token.text,
      ordinal: token.text === '' ? c.takePositional() : -1,
      at,
    };
  }
  if (token.kind === 'end') throw c.unexpected();
  if (token.kind === 'name') {
    if (c.takeWord('NULL')) return { kind: 'null', at };
    if (c.takeWord('TRUE')) return { kind: 'bool', value: true, at };
    if (c.takeWord('FALSE')) return { kind: 'bool', value: false, at };
    if (c.takeWord('CASE')) return parseCase(c, at);
    if (c.takeWord('CAST')) return parseCast(c, false, at);
    if (c.isWord('SAFE_CAST') && c.isSymbol('(', 1)) {
      c.next();
      return parseCast(c, true, at);
    }
    if (c.takeWord('EXTRACT')) return parseExtract(c, at);
    if (c.takeWord('INTERVAL')) return parseInterval(c, at);
    if (c.takeWord('ARRAY')) return parseArray(c, at);
    if (c.takeWord('STRUCT')) return parseStruct(c, at);
    if (c.takeWord('EXISTS')) {
      c.expectSymbol('(');
      const query = parseQuery(c);
      c.expectSymbol(')');
      return { kind: 'exists', query, at };
    }
    if (isTypedLiteral(c)) {
      const type = scalarType(c.next().text);
      return { kind: 'typed-literal', type, text: c.next().text, at };
    }
    const call = parseCall(c);
    if (call !== undefined) return call;
  }
  const parts = [c.identifier()];
  while (c.isSymbol('.') && !c.isSymbol('*', 1)) {
    c.next();
    parts.push(c.identifier(true));
  }
  return { kind: 'path', parts, at };
}
