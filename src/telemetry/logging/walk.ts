import { cutText, LIMITS } from './limits.ts';
import { isSensitiveKey, type sensitivityOf } from './sensitive-keys.ts';

/** What is known of a key: how it is written, colon included, and what of its value stays out of the logs. */
export type KnownKey = { json: string; sensitivity: ReturnType<typeof sensitivityOf> };

const REDACTED = '"[redacted]"';
/** What a mark or a constant takes at most, with its comma. */
const MARK_CHARS = 16;
const NAMING_KEYS = ['name', 'key', 'header'];

/**
 * One pass over the values of one log line. `members` may be called several times; all share one budget of characters.
 * Never throws.
 */
export function createWalk(knownKey: (key: string) => KnownKey, stackElsewhere: unknown) {
  let left: number = LIMITS.jsonChars;
  let wasCut = false;
  const ancestors: object[] = [];

  function mark(words: string): string {
    wasCut = true;
    return `"[${words}]"`;
  }

  /** Takes what the piece is long from what is left; a piece that no longer fits is replaced by a mark. */
  function spend(json: string): string {
    if (json.length > left) return mark('truncated');
    left -= json.length;
    return json;
  }

  function string(text: string): string {
    if (text.length > LIMITS.stringChars) wasCut = true;
    return spend(JSON.stringify(cutText(text, LIMITS.stringChars)));
  }

  function value(input: unknown): string {
    switch (typeof input) {
      case 'string':
        return string(input);
      case 'number':
        return Number.isFinite(input) ? spend(String(input)) : `"${input}"`;
      case 'boolean':
        return input ? 'true' : 'false';
      case 'bigint':
        return string(input.toString());
      case 'undefined':
        return 'null';
      case 'object':
        return input === null ? 'null' : object(input);
      default:
        return `"[${typeof input}]"`;
    }
  }

  function object(input: object): string {
    if (ancestors.includes(input)) return '"[circular]"';
    if (ancestors.length > LIMITS.depth) return mark('too deep');
    ancestors.push(input);
    try {
      return composite(input);
    } catch {
      return '"[unreadable]"';
    } finally {
      ancestors.pop();
    }
  }

  function composite(input: object): string {
    if (Array.isArray(input)) return elements(input);
    if (input instanceof Error) return `{${membersOf(readError(input))}}`;
    if (input instanceof Date) {
      const ms = input.getTime();
      return Number.isNaN(ms) ? '"[no date]"' : string(new Date(ms).toISOString());
    }
    if (input instanceof Map) return `{${membersOf(readMap(input))}}`;
    if (input instanceof Set) return elements([...take(input)]);
    if (ArrayBuffer.isView(input) || input instanceof ArrayBuffer) {
      return spend(`"[${input.byteLength} bytes]"`);
    }
    if (input instanceof RegExp) return string(String(input));
    if (input instanceof String || input instanceof Number || input instanceof Boolean) {
      return value(input.valueOf());
    }
    const { toJSON } = input as { toJSON?: unknown };
    if (typeof toJSON === 'function') return value(toJSON.call(input));
    return `{${membersOf(input)}}`;
  }

  function elements(input: readonly unknown[]): string {
    let json = '';
    let hideNext = false;
    for (let i = 0; i < input.length; i++) {
      if (i > 0) json += ',';
      if (i === LIMITS.breadth || left <= 0) {
        json += mark(`${input.length - i} more`);
        break;
      }
      left -= MARK_CHARS;
      const element: unknown = hideNext ? undefined : read(input, i);
      json += hideNext ? REDACTED : value(element);
      // Headers as they come raw: ['authorization', 'Bearer …', …].
      hideNext = typeof element === 'string' && element.length < 64 && isSensitiveKey(element);
    }
    return `[${json}]`;
  }

  function membersOf(input: object, skip?: (key: string) => boolean): string {
    let json = '';
    let seen = 0;
    const keys = Object.keys(input);
    const named = namesSecret(input, keys);
    for (const key of keys) {
      if (skip?.(key) === true) continue;
      if (seen++ === LIMITS.breadth || left <= 0) {
        const more = `"(more)":${mark(`${keys.length - seen + 1} more`)}`;
        return json === '' ? more : `${json},${more}`;
      }
      const known = knownKey(key);
      const isSecret = known.sensitivity === 'any' || (named && key === 'value');
      const given = isSecret ? REDACTED : read(input, key);
      const member = known.sensitivity === 'text' && !isCount(given) ? REDACTED : given;
      if (member === undefined) continue;
      left -= known.json.length + MARK_CHARS;
      const written = known.json + (member === REDACTED ? REDACTED : value(member));
      json = json === '' ? written : `${json},${written}`;
    }
    return json;
  }

  /** The error's own properties and those that are not enumerable. */
  function readError(error: Error): object {
    const { name, message, cause } = error;
    const { errors } = error as { errors?: unknown };
    const stack = error === stackElsewhere ? undefined : error.stack;
    return Object.assign({ name, message }, error, { stack, cause, errors });
  }

  return {
    /** The members of an object, without braces. */
    members(input: object, skip?: (key: string) => boolean): string {
      ancestors.push(input);
      try {
        return membersOf(input, skip);
      } catch {
        return '"(unreadable)":true';
      } finally {
        ancestors.pop();
      }
    },
    truncated: () => wasCut,
  };
}

/** What says no more than how many, or whether. */
function isCount(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'boolean' || value == null;
}

/** Whether an object is like `{name: 'authorization', value: '…'}`, as headers are also told. */
function namesSecret(input: object, keys: readonly string[]): boolean {
  if (keys.length > 4 || !keys.includes('value')) return false;
  return NAMING_KEYS.some((key) => {
    const name = keys.includes(key) ? read(input, key) : undefined;
    return typeof name === 'string' && isSensitiveKey(name);
  });
}

function readMap(map: ReadonlyMap<unknown, unknown>): object {
  const members: Record<string, unknown> = Object.create(null);
  for (const [key, member] of take(map)) {
    members[key !== null && typeof key === 'object' ? '[object]' : String(key)] = member;
  }
  return members;
}

function read(input: object, key: string | number): unknown {
  try {
    return (input as Record<string | number, unknown>)[key];
  } catch {
    return '[unreadable]';
  }
}

/** One more than is written, so that something is seen to be missing. */
function* take<T>(input: Iterable<T>): Generator<T> {
  let taken = 0;
  for (const item of input) {
    if (taken++ > LIMITS.breadth) return;
    yield item;
  }
}
