import { invalidArgument } from '../grpc/status.ts';
import type { LogEntry } from './entry.ts';
import { comparison, type Operator } from './filter-fields.ts';
import { mentions } from './store.ts';

export type LogFilter = (entry: LogEntry) => boolean;

const MAX_CHARS = 20_000;
const MAX_DEPTH = 50;

const SPACE = /(?:\s|--[^\n]*(?:\n|$))*/y;
const OPERATOR = /\s*(<=|>=|!=|=~|!~|=|<|>|:)\s*/y;
const PATH = /[A-Za-z_][\w-]*(?:\.(?:[\w\-/@]+|"(?:[^"\\]|\\.)*"))*/y;
const STRING = /"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'/y;
const BARE_VALUE = /[^\s()"',]+/y;

/**
 * Reads Cloud Logging's query language: comparisons (`severity>=ERROR`, `jsonPayload.a.b="x"`, `labels.k:x`, …), words
 * and quoted texts that are looked for anywhere, `log_id("…")`, parentheses, and NOT before OR before AND, which may be
 * left out. Regular expressions and other functions are refused by name. Throws INVALID_ARGUMENT.
 */
export function parseLogFilter(text: string): LogFilter {
  if (text.length > MAX_CHARS) {
    throw invalidArgument(`Filter is longer than the maximum of ${MAX_CHARS} characters.`);
  }
  let at = 0;
  let depth = 0;

  const fail = (why: string) => invalidArgument(`Unparseable filter: ${why} at column ${at + 1}.`);
  function take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return undefined;
    at = pattern.lastIndex;
    return match;
  }
  function takeWord(word: string): boolean {
    take(SPACE);
    const found = text.startsWith(word, at) && !/\w/.test(text[at + word.length] ?? '');
    if (found) at += word.length;
    return found;
  }
  const atEnd = () => {
    take(SPACE);
    return at >= text.length || text[at] === ')';
  };

  function all(): LogFilter {
    const parts: LogFilter[] = [];
    while (!atEnd()) {
      if (parts.length > 0) takeWord('AND');
      parts.push(any());
    }
    return (entry) => parts.every((part) => part(entry));
  }

  function any(): LogFilter {
    const parts = [unary()];
    while (takeWord('OR')) parts.push(unary());
    return parts.length === 1 ? parts[0]! : (entry) => parts.some((part) => part(entry));
  }

  function unary(): LogFilter {
    const minus = () => text[at] === '-' && /["'(\w]/.test(text[at + 1] ?? '');
    if (takeWord('NOT')) return not(unary());
    if (minus()) {
      at += 1;
      return not(unary());
    }
    return primary();
  }

  function primary(): LogFilter {
    take(SPACE);
    if (at >= text.length) throw fail('something is missing');
    if (text[at] === '(') return parenthesised(all);
    const quoted = takeString();
    if (quoted !== undefined) return searching(quoted);
    const start = at;
    const path = take(PATH)?.[0];
    if (path === undefined) {
      const word = take(BARE_VALUE)?.[0];
      if (word === undefined) throw fail(`unexpected '${text[at]}'`);
      return searching(word);
    }
    if (text[at] === '(') return call(path);
    const operator = take(OPERATOR)?.[1];
    if (operator !== undefined) return compared(path, operator);
    at = start;
    return searching(take(BARE_VALUE)![0]);
  }

  function call(name: string): LogFilter {
    if (name !== 'log_id') throw unsupported(`The function ${name}()`);
    const id = parenthesised(() => {
      take(SPACE);
      return takeString() ?? '';
    });
    const end = `/logs/${encodeURIComponent(id)}`;
    return ({ logName }) => logName.endsWith(end);
  }

  function compared(path: string, operator: string): LogFilter {
    if (operator === '=~' || operator === '!~') throw unsupported('A regular expression');
    const one = (value: string) => comparison(path, operator as Operator, value);
    if (text[at] !== '(') return one(value());
    // field=(a OR b): each value in the field's place.
    return parenthesised(() => valueList(one));
  }

  function valueList(one: (value: string) => LogFilter): LogFilter {
    const alternatives: LogFilter[][] = [[]];
    while (!atEnd()) {
      if (takeWord('OR')) alternatives.push([]);
      else if (!takeWord('AND')) alternatives.at(-1)!.push(one(value()));
    }
    if (alternatives.some((parts) => parts.length === 0)) throw fail('a value is missing');
    return (entry) => alternatives.some((parts) => parts.every((part) => part(entry)));
  }

  function value(): string {
    const given = takeString() ?? take(BARE_VALUE)?.[0];
    if (given === undefined) throw fail('a value is missing');
    return given;
  }

  function takeString(): string | undefined {
    const match = take(STRING);
    return match && (match[1] ?? match[2])!.replaceAll(/\\(.)/g, '$1');
  }

  function parenthesised<T>(inner: () => T): T {
    at += 1;
    depth += 1;
    if (depth > MAX_DEPTH) throw fail('the nesting is too deep');
    const result = inner();
    take(SPACE);
    if (text[at] !== ')') throw fail("a ')' is missing");
    at += 1;
    depth -= 1;
    return result;
  }

  const filter = all();
  if (at < text.length) throw fail("unexpected ')'");
  return filter;
}

const not =
  (filter: LogFilter): LogFilter =>
  (entry) =>
    !filter(entry);

function searching(text: string): LogFilter {
  const wanted = text.toLowerCase();
  return (entry) => mentions(entry, wanted);
}

function unsupported(what: string) {
  return invalidArgument(`${what} in a filter is not supported by the local Cloud Logging.`);
}
