import { sensitivityOf } from './sensitive-keys.ts';

const MARK = '[redacted]';

/** A name in quotes and a colon, as in JSON, however often that was itself written into a text of JSON. */
const KEY = /(\\{0,31})(["'])([\w.$ -]{1,64})\1\2\s{0,4}:\s{0,4}/g;
const BARE = /[^\s,}\]]+/y;
/** What says nothing but how many, or whether. */
const COUNT = /^(?:-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|true|false|null)$/i;

/**
 * A text without what stands under sensitive names in the JSON within it: whole texts, lists and objects, to their true
 * ends. Pure; takes time linear in the text's length.
 */
export function redactMembers(text: string): string {
  let redacted = '';
  let done = 0;
  KEY.lastIndex = 0;
  for (let key = KEY.exec(text); key !== null; key = KEY.exec(text)) {
    const [all, slashes, quote, name] = key as unknown as [string, string, string, string];
    const sensitivity = sensitivityOf(name);
    if (sensitivity === 'none') continue;
    const start = key.index + all.length;
    const end = endOfValue(text, start, slashes.length, quote);
    if (sensitivity === 'text' && COUNT.test(text.slice(start, end))) continue;
    redacted += text.slice(done, start) + (end > start ? MARK : '');
    done = end;
    KEY.lastIndex = end;
  }
  return done === 0 ? text : redacted + text.slice(done);
}

/** Where a value ends, whose quotes have so many backslashes before them; the end of the text where it was cut. */
function endOfValue(text: string, start: number, slashes: number, quote: string): number {
  const opening = '\\'.repeat(slashes) + quote;
  if (text.startsWith(opening, start)) {
    return endOfString(text, start + opening.length, slashes, quote);
  }
  if (!'[{'.includes(text.charAt(start))) {
    BARE.lastIndex = start;
    return start + (BARE.exec(text)?.[0].length ?? 0);
  }
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === quote) at = endOfString(text, at + 1, slashes, quote) - 1;
    else if (char === '[' || char === '{') depth += 1;
    else if (char === ']' || char === '}') depth -= 1;
    if (depth === 0) return at + 1;
  }
  return text.length;
}

/** Each writing into JSON doubles backslashes and puts one before a quote: those beyond tell whether it is one of the text's. */
function endOfString(text: string, start: number, slashes: number, quote: string): number {
  for (let at = text.indexOf(quote, start); at !== -1; at = text.indexOf(quote, at + 1)) {
    let before = 0;
    while (at - before > start && text.charAt(at - before - 1) === '\\') before += 1;
    const isEscaped = Math.floor(before / (slashes + 1)) % 2 === 1;
    if (!isEscaped && before >= slashes) return at + 1;
  }
  return text.length;
}
