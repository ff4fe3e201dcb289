import { invalidQuery } from '../errors.ts';

/** One token; `start` and `end` are offsets into the statement. */
export type Token = {
  kind: 'name' | 'quoted' | 'string' | 'bytes' | 'int' | 'float' | 'param' | 'symbol' | 'end';
  /** Name, decoded string content, number text, parameter name ('' for `?`) or symbol; '' at the end. */
  text: string;
  /** For bytes literals. */
  bytes?: Uint8Array;
  start: number;
  end: number;
};

const SYMBOLS = ['<=', '>=', '<>', '!=', '||', '<<', '>>', '=>', '|>'];
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const STRING_START = /([rRbB]{0,2})('''|"""|'|")/y;
const SPACE = /(?:\s+|--[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/)+/y;

/** `[line:column]` of an offset, both from 1, as GoogleSQL's messages end. */
export function position(sql: string, offset: number): string {
  const before = sql.slice(0, offset).split('\n');
  return `[${before.length}:${before[before.length - 1]!.length + 1}]`;
}

/** A syntax error at an offset, worded as GoogleSQL does. */
export function syntaxError(sql: string, offset: number, what: string) {
  return invalidQuery(`Syntax error: ${what} at ${position(sql, offset)}`);
}

const ESCAPES: Record<string, number> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  '?': 63,
  '"': 34,
  "'": 39,
  '`': 96,
};

function decodeEscapes(sql: string, at: number, text: string, asBytes: boolean): Uint8Array {
  const out: number[] = [];
  const pushText = (piece: string) => out.push(...Buffer.from(piece, 'utf8'));
  const pattern =
    /\\(?:x([0-9a-fA-F]{2})|X([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]))/g;
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    pushText(text.slice(from, match.index));
    from = match.index + match[0].length;
    const hex = match[1] ?? match[2];
    const unit =
      hex !== undefined
        ? Number.parseInt(hex, 16)
        : match[3] !== undefined
          ? Number.parseInt(match[3], 8)
          : undefined;
    const codePoint = match[4] ?? match[5];
    if (unit !== undefined && asBytes) out.push(unit);
    else if (unit !== undefined) pushText(String.fromCodePoint(unit));
    else if (codePoint !== undefined && !asBytes)
      pushText(String.fromCodePoint(Number.parseInt(codePoint, 16)));
    else {
      const code = ESCAPES[match[6] ?? ''];
      if (code === undefined) throw syntaxError(sql, at, `Illegal escape sequence: ${match[0]}`);
      out.push(code);
    }
  }
  pushText(text.slice(from));
  return Uint8Array.from(out);
}

function readString(sql: string, at: number, prefix: string, delimiter: string): Token {
  const bodyStart = at + prefix.length + delimiter.length;
  let end = bodyStart;
  while (end < sql.length && !sql.startsWith(delimiter, end)) {
    if (delimiter.length === 1 && sql[end] === '\n') break;
    // A backslash keeps a following quote from ending the literal in raw strings too.
    end += sql[end] === '\\' ? 2 : 1;
  }
  if (!sql.startsWith(delimiter, end)) throw syntaxError(sql, at, 'Unclosed string literal');
  const body = sql.slice(bodyStart, end);
  const isBytes = /b/i.test(prefix);
  const bytes = /r/i.test(prefix)
    ? Buffer.from(body, 'utf8')
    : decodeEscapes(sql, at, body, isBytes);
  const token = {
    text: Buffer.from(bytes).toString('utf8'),
    start: at,
    end: end + delimiter.length,
  };
  return isBytes ? { kind: 'bytes', bytes, ...token } : { kind: 'string', ...token };
}

function matchAt(pattern: RegExp, sql: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(sql);
}

function readToken(sql: string, at: number): Token {
  const string = matchAt(STRING_START, sql, at);
  if (string) return readString(sql, at, string[1]!, string[2]!);
  const name = matchAt(NAME, sql, at);
  if (name) return { kind: 'name', text: name[0], start: at, end: at + name[0].length };
  const number = matchAt(NUMBER, sql, at);
  if (number) {
    const text = number[0];
    const kind = /^0[xX]|^\d+$/.test(text) ? 'int' : 'float';
    return { kind, text, start: at, end: at + text.length };
  }
  if (sql[at] === '`') {
    const end = sql.indexOf('`', at + 1);
    if (end < 0) throw syntaxError(sql, at, 'Unclosed identifier literal');
    return { kind: 'quoted', text: sql.slice(at + 1, end), start: at, end: end + 1 };
  }
  if (sql[at] === '@') {
    const param = matchAt(NAME, sql, at + 1);
    if (!param) throw syntaxError(sql, at, 'Unexpected "@"');
    return { kind: 'param', text: param[0], start: at, end: at + 1 + param[0].length };
  }
  if (sql[at] === '?') return { kind: 'param', text: '', start: at, end: at + 1 };
  const symbol = SYMBOLS.find((s) => sql.startsWith(s, at)) ?? sql[at]!;
  if (!/^[-+*/%=<>!|&^~.,;:()[\]{}]+$/.test(symbol)) {
    throw syntaxError(sql, at, `Illegal input character "${symbol}"`);
  }
  return { kind: 'symbol', text: symbol, start: at, end: at + symbol.length };
}

/** Splits GoogleSQL into tokens, the last of kind `end`; comments are dropped. Throws a syntax error. */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    const space = matchAt(SPACE, sql, at);
    if (space) at += space[0].length;
    if (at >= sql.length) break;
    const token = readToken(sql, at);
    tokens.push(token);
    at = token.end;
  }
  tokens.push({ kind: 'end', text: '', start: sql.length, end: sql.length });
  return tokens;
}
