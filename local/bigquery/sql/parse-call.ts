import { unsupported } from '../errors.ts';
import type { Call, Expr, Frame, FrameBound, OrderItem, Window } from './ast.ts';
import type { Cursor } from './cursor.ts';
import { parseExpression } from './parse-expression.ts';
import { parseType } from './parse-type.ts';

const LITERAL_TYPES = [
  'NUMERIC',
  'DECIMAL',
  'BIGNUMERIC',
  'DATE',
  'TIME',
  'TIMESTAMP',
  'JSON',
  'DATETIME',
];

/** Whether `NUMERIC '1'`, `TIMESTAMP '…'` and the like comes next. */
export function isTypedLiteral(c: Cursor): boolean {
  return c.peek(1).kind === 'string' && LITERAL_TYPES.includes(c.peek().text.toUpperCase());
}

/** CASE, after its word. */
export function parseCase(c: Cursor, at: number): Expr {
  const operand = c.isWord('WHEN') ? undefined : parseExpression(c);
  const whens: { when: Expr; result: Expr }[] = [];
  while (c.takeWord('WHEN')) {
    const when = parseExpression(c);
    c.expectWord('THEN');
    whens.push({ when, result: parseExpression(c) });
  }
  if (whens.length === 0) throw c.unexpected('keyword WHEN');
  const otherwise = c.takeWord('ELSE') ? parseExpression(c) : undefined;
  c.expectWord('END');
  return { kind: 'case', operand, whens, otherwise, at };
}

/** CAST or SAFE_CAST, after its word. */
export function parseCast(c: Cursor, safe: boolean, at: number): Expr {
  c.expectSymbol('(');
  const operand = parseExpression(c);
  c.expectWord('AS');
  const type = parseType(c);
  if (c.isWord('FORMAT')) throw unsupported('CAST … FORMAT');
  c.expectSymbol(')');
  return { kind: 'cast', operand, type, safe, at };
}

/** A date part: `DAY`, `WEEK(MONDAY)`. */
function parsePart(c: Cursor): string {
  const part = c.identifier().toUpperCase();
  if (part !== 'WEEK' || !c.takeSymbol('(')) return part;
  const day = c.identifier().toUpperCase();
  c.expectSymbol(')');
  return `WEEK(${day})`;
}

/** EXTRACT, after its word. */
export function parseExtract(c: Cursor, at: number): Expr {
  c.expectSymbol('(');
  const part = parsePart(c);
  c.expectWord('FROM');
  const operand = parseExpression(c);
  const zone = c.takeWord('AT', 'TIME', 'ZONE') ? parseExpression(c) : undefined;
  c.expectSymbol(')');
  return { kind: 'extract', part, operand, zone, at };
}

/** INTERVAL, after its word. */
export function parseInterval(c: Cursor, at: number): Expr {
  const amount = parseExpression(c);
  return { kind: 'interval', amount, part: parsePart(c), at };
}

/** What stands after ORDER BY. */
export function parseOrderItems(c: Cursor): OrderItem[] {
  return c.commaList(() => {
    const expr = parseExpression(c);
    if (c.isWord('COLLATE')) throw unsupported('COLLATE');
    const descending = c.takeWord('DESC');
    if (!descending) c.takeWord('ASC');
    const nullsFirst = c.takeWord('NULLS', 'FIRST')
      ? true
      : c.takeWord('NULLS', 'LAST')
        ? false
        : undefined;
    return { expr, descending, nullsFirst };
  });
}

function parseBound(c: Cursor): FrameBound {
  for (const kind of ['UNBOUNDED PRECEDING', 'UNBOUNDED FOLLOWING', 'CURRENT ROW'] as const) {
    if (c.takeWord(...kind.split(' '))) return { kind };
  }
  const amount = parseExpression(c);
  if (c.takeWord('PRECEDING')) return { kind: 'PRECEDING', amount };
  c.expectWord('FOLLOWING');
  return { kind: 'FOLLOWING', amount };
}

function parseFrame(c: Cursor): Frame | undefined {
  const unit = c.takeWord('ROWS') ? 'ROWS' : c.takeWord('RANGE') ? 'RANGE' : undefined;
  if (unit === undefined) return undefined;
  if (!c.takeWord('BETWEEN')) return { unit, from: parseBound(c), to: undefined };
  const from = parseBound(c);
  c.expectWord('AND');
  return { unit, from, to: parseBound(c) };
}

/** What stands after OVER or in a WINDOW clause: a name, or a specification in parentheses. */
export function parseWindow(c: Cursor): Window {
  if (!c.takeSymbol('('))
    return { base: c.identifier(), partitionBy: [], orderBy: [], frame: undefined };
  const base = c.isIdentifier() ? c.identifier() : undefined;
  const partitionBy = c.takeWord('PARTITION', 'BY') ? c.commaList(() => parseExpression(c)) : [];
  const orderBy = c.takeWord('ORDER', 'BY') ? parseOrderItems(c) : [];
  const frame = parseFrame(c);
  c.expectSymbol(')');
  return { base, partitionBy, orderBy, frame };
}

// Names that are reserved words and yet functions.
const RESERVED_CALLS = ['IF', 'LEFT', 'RIGHT', 'GROUPING'];

function calledName(c: Cursor): string | undefined {
  const token = c.peek();
  const isName =
    token.kind === 'name' &&
    (c.isIdentifier() || RESERVED_CALLS.includes(token.text.toUpperCase()));
  if (isName && c.isSymbol('(', 1)) return c.next().text.toUpperCase();
  if (isName && c.isSymbol('.', 1) && c.peek(2).kind === 'name' && c.isSymbol('(', 3)) {
    const namespace = c.next().text.toUpperCase();
    c.next();
    return `${namespace}.${c.next().text.toUpperCase()}`;
  }
  return undefined;
}

function parseArgument(c: Cursor): Expr {
  if (c.isSymbol('=>', 1)) throw unsupported('A named argument');
  // WEEK(MONDAY) as a date part looks like a call; it is kept as a path of one part.
  if (c.isWord('WEEK') && c.isSymbol('(', 1)) {
    const at = c.at;
    return { kind: 'path', parts: [parsePart(c)], at };
  }
  return parseExpression(c);
}

/** A function call, or nothing when no call comes next. `CURRENT_TIMESTAMP` and `CURRENT_DATE` need no parentheses. */
export function parseCall(c: Cursor): Expr | undefined {
  const at = c.at;
  const none = { nulls: undefined, having: undefined, limit: undefined, over: undefined };
  const base: Call & { at: number } = {
    kind: 'call',
    name: '',
    star: false,
    distinct: false,
    orderBy: [],
    args: [],
    ...none,
    at,
  };
  if (!c.isSymbol('(', 1)) {
    for (const name of ['CURRENT_TIMESTAMP', 'CURRENT_DATE']) {
      if (c.isWord(name) && !c.isSymbol('.', 1)) {
        c.next();
        return { ...base, name };
      }
    }
  }
  const name = calledName(c);
  if (name === undefined) return undefined;
  c.expectSymbol('(');
  const distinct = c.takeWord('DISTINCT');
  const star = c.takeSymbol('*');
  const args = star || c.isSymbol(')') ? [] : c.commaList(() => parseArgument(c));
  const inner = c.takeWord('IGNORE', 'NULLS')
    ? 'IGNORE'
    : c.takeWord('RESPECT', 'NULLS')
      ? 'RESPECT'
      : undefined;
  const extreme = c.takeWord('HAVING', 'MAX')
    ? 'MAX'
    : c.takeWord('HAVING', 'MIN')
      ? 'MIN'
      : undefined;
  const having =
    extreme === undefined ? undefined : ({ kind: extreme, by: parseExpression(c) } as const);
  const orderBy = c.takeWord('ORDER', 'BY') ? parseOrderItems(c) : [];
  const limit = c.takeWord('LIMIT') ? parseExpression(c) : undefined;
  c.expectSymbol(')');
  const outer = c.takeWord('IGNORE', 'NULLS')
    ? 'IGNORE'
    : c.takeWord('RESPECT', 'NULLS')
      ? 'RESPECT'
      : undefined;
  const over = c.takeWord('OVER') ? parseWindow(c) : undefined;
  return {
    ...base,
    name,
    args,
    star,
    distinct,
    nulls: inner ?? outer,
    having,
    orderBy,
    limit,
    over,
  };
}
