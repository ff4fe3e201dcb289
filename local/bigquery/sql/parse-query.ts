import { unsupported } from '../errors.ts';
import type { FromItem, JoinType, Query, QueryBody, Select, SelectItem, SetOp } from './ast.ts';
import type { Cursor } from './cursor.ts';
import { parseOrderItems, parseWindow } from './parse-call.ts';
import { parseExpression } from './parse-expression.ts';

/** Whether a query (not an expression) starts here, looking through opening parentheses. */
export function startsQuery(c: Cursor): boolean {
  let ahead = 0;
  while (c.isSymbol('(', ahead)) ahead += 1;
  const word = c.peek(ahead).kind === 'name' ? c.peek(ahead).text.toUpperCase() : '';
  return word === 'SELECT' || word === 'WITH';
}

/** A whole query: WITH, set operations, ORDER BY, LIMIT. */
export function parseQuery(c: Cursor): Query {
  const at = c.at;
  const ctes: Query['ctes'] = [];
  if (c.takeWord('WITH')) {
    if (c.isWord('RECURSIVE')) throw unsupported('WITH RECURSIVE');
    ctes.push(
      ...c.commaList(() => {
        const cteAt = c.at;
        const name = c.identifier();
        c.expectWord('AS');
        c.expectSymbol('(');
        const query = parseQuery(c);
        c.expectSymbol(')');
        return { name, query, at: cteAt };
      }),
    );
  }
  const body = parseBody(c);
  const orderBy = c.takeWord('ORDER', 'BY') ? parseOrderItems(c) : [];
  const limit = c.takeWord('LIMIT') ? parseExpression(c) : undefined;
  const offset = c.takeWord('OFFSET') ? parseExpression(c) : undefined;
  if (c.isSymbol('|>')) throw unsupported('Pipe syntax');
  return { at, ctes, body, orderBy, limit, offset };
}

function setOperator(c: Cursor): SetOp['op'] | undefined {
  if (c.takeWord('UNION', 'ALL')) return 'UNION ALL';
  if (c.takeWord('UNION', 'DISTINCT')) return 'UNION';
  if (c.takeWord('INTERSECT', 'DISTINCT')) return 'INTERSECT';
  if (c.takeWord('EXCEPT', 'DISTINCT')) return 'EXCEPT';
  if (c.isWord('UNION') || c.isWord('INTERSECT') || c.isWord('EXCEPT')) {
    c.next();
    throw c.unexpected('keyword ALL or keyword DISTINCT');
  }
  return undefined;
}

function parseBody(c: Cursor): QueryBody {
  const at = c.at;
  let left = parseOperand(c);
  let first: SetOp['op'] | undefined;
  for (let op = setOperator(c); op !== undefined; op = setOperator(c)) {
    first ??= op;
    if (op !== first) throw c.unexpected('parentheses around different set operations');
    left = { kind: 'set', op, left, right: parseOperand(c), at };
  }
  return left;
}

function parseOperand(c: Cursor): QueryBody {
  const at = c.at;
  if (!c.takeSymbol('(')) return parseSelect(c);
  const query = parseQuery(c);
  c.expectSymbol(')');
  return { kind: 'query', query, at };
}

function parseSelectItem(c: Cursor): SelectItem {
  const at = c.at;
  if (c.takeSymbol('*')) return { kind: 'star', of: undefined, ...starModifiers(c), at };
  const expr = parseExpression(c);
  if (c.isSymbol('.') && c.isSymbol('*', 1)) {
    c.next();
    c.next();
    return { kind: 'star', of: expr, ...starModifiers(c), at };
  }
  return { kind: 'expr', expr, alias: c.alias() };
}

function starModifiers(c: Cursor): Pick<SelectItem & { kind: 'star' }, 'except' | 'replace'> {
  let except: string[] = [];
  if (c.isWord('EXCEPT') && c.isSymbol('(', 1)) {
    c.next();
    c.next();
    except = c.commaList(() => c.identifier());
    c.expectSymbol(')');
  }
  if (!c.takeWord('REPLACE')) return { except, replace: [] };
  c.expectSymbol('(');
  const replace = c.commaList(() => {
    const expr = parseExpression(c);
    c.expectWord('AS');
    return { expr, name: c.identifier() };
  });
  c.expectSymbol(')');
  return { except, replace };
}

function parseSelect(c: Cursor): Select {
  const at = c.at;
  c.expectWord('SELECT');
  const distinct = c.takeWord('DISTINCT');
  if (!distinct) c.takeWord('ALL');
  const asStruct = c.takeWord('AS', 'STRUCT');
  if (!asStruct && c.isWord('AS')) throw unsupported('SELECT AS VALUE');
  const items = [parseSelectItem(c)];
  while (c.takeSymbol(',')) {
    // GoogleSQL allows a comma after the last item.
    if (c.isWord('FROM')) break;
    items.push(parseSelectItem(c));
  }
  const from = c.takeWord('FROM') ? parseFrom(c) : undefined;
  const where = c.takeWord('WHERE') ? parseExpression(c) : undefined;
  let rollup = false;
  let groupBy: Select['groupBy'] = [];
  if (c.takeWord('GROUP', 'BY')) {
    if (c.isWord('ALL')) throw unsupported('GROUP BY ALL');
    if (c.isWord('GROUPING') || c.isWord('CUBE'))
      throw unsupported('GROUP BY GROUPING SETS or CUBE');
    rollup = c.takeWord('ROLLUP');
    if (rollup) c.expectSymbol('(');
    groupBy = c.commaList(() => parseExpression(c));
    if (rollup) c.expectSymbol(')');
  }
  const having = c.takeWord('HAVING') ? parseExpression(c) : undefined;
  const qualify = c.takeWord('QUALIFY') ? parseExpression(c) : undefined;
  const windows = c.takeWord('WINDOW')
    ? c.commaList(() => {
        const name = c.identifier();
        c.expectWord('AS');
        return { name, window: parseWindow(c) };
      })
    : [];
  return {
    kind: 'select',
    at,
    distinct,
    asStruct,
    items,
    from,
    where,
    groupBy,
    rollup,
    having,
    qualify,
    windows,
  };
}

/** FROM items up to the next clause; a comma is a cross join. */
export function parseFrom(c: Cursor): FromItem {
  let left = parseJoined(c);
  while (c.isSymbol(',')) {
    const at = c.next().start;
    left = {
      kind: 'join',
      type: 'CROSS',
      left,
      right: parseJoined(c),
      on: undefined,
      using: [],
      at,
    };
  }
  return left;
}

function joinType(c: Cursor): JoinType | undefined {
  if (c.takeWord('CROSS', 'JOIN')) return 'CROSS';
  if (c.takeWord('JOIN') || c.takeWord('INNER', 'JOIN')) return 'INNER';
  for (const type of ['LEFT', 'RIGHT', 'FULL'] as const) {
    if (c.takeWord(type, 'OUTER', 'JOIN') || c.takeWord(type, 'JOIN')) return type;
  }
  return undefined;
}

function parseJoined(c: Cursor): FromItem {
  let left = parseFromPrimary(c);
  for (;;) {
    const at = c.at;
    const type = joinType(c);
    if (type === undefined) return left;
    const right = parseFromPrimary(c);
    const on = type !== 'CROSS' && c.takeWord('ON') ? parseExpression(c) : undefined;
    let using: string[] = [];
    if (type !== 'CROSS' && on === undefined && c.takeWord('USING')) {
      c.expectSymbol('(');
      using = c.commaList(() => c.identifier());
      c.expectSymbol(')');
    }
    const isUnnest = right.kind === 'unnest' || right.kind === 'table';
    if (type !== 'CROSS' && on === undefined && using.length === 0 && !isUnnest)
      throw c.unexpected('keyword ON');
    left = { kind: 'join', type, left, right, on, using, at };
  }
}

function parseFromPrimary(c: Cursor): FromItem {
  const at = c.at;
  if (c.takeWord('UNNEST')) {
    c.expectSymbol('(');
    const array = parseExpression(c);
    c.expectSymbol(')');
    const alias = c.isWord('WITH') ? undefined : c.alias();
    const offset = c.takeWord('WITH', 'OFFSET') ? (c.alias() ?? 'offset') : undefined;
    return { kind: 'unnest', array, alias, offset, at };
  }
  if (c.isSymbol('(')) {
    if (startsQuery(c)) {
      c.next();
      const query = parseQuery(c);
      c.expectSymbol(')');
      return { kind: 'subquery', query, alias: refuseModifiers(c, c.alias()), at };
    }
    c.next();
    const inner = parseFrom(c);
    c.expectSymbol(')');
    return inner;
  }
  const path = parseTablePath(c);
  if (c.isSymbol('(')) throw unsupported(`Table function ${path.join('.')}`);
  return { kind: 'table', path, alias: refuseModifiers(c, c.alias()), at };
}

function refuseModifiers(c: Cursor, alias: string | undefined): string | undefined {
  for (const word of ['TABLESAMPLE', 'PIVOT', 'UNPIVOT', 'MATCH_RECOGNIZE']) {
    // PIVOT and UNPIVOT are not reserved, so they may have been taken for an alias.
    if (c.isWord(word) || (alias?.toUpperCase() === word && c.isSymbol('(')))
      throw unsupported(word);
  }
  if (c.isWord('FOR', 'SYSTEM_TIME')) throw unsupported('FOR SYSTEM_TIME AS OF');
  if (c.isWord('WITH', 'OFFSET'))
    throw unsupported('WITH OFFSET after a path; write UNNEST(…) WITH OFFSET');
  return alias;
}

/** A table's name in its parts: `` `p.d.t` ``, `` `p`.d.t ``, `my-project.d.t`, `d.t`, `t`. */
export function parseTablePath(c: Cursor): string[] {
  const parts: string[] = [];
  do {
    const token = c.peek();
    let part = c.identifier(parts.length > 0);
    // Unquoted project ids may hold dashes, without spaces around them.
    let end = token.end;
    while (parts.length === 0 && c.isSymbol('-') && c.at === end && c.peek(1).start === end + 1) {
      c.next();
      const piece = c.next();
      part += `-${piece.text}`;
      end = piece.end;
    }
    if (token.kind === 'quoted') parts.push(...part.split('.'));
    else parts.push(part);
  } while (c.takeSymbol('.'));
  return parts;
}
