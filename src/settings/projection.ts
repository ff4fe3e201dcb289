import { randomUUID } from 'node:crypto';
import type { Redis } from '../cloud/redis.ts';
import type { Setting } from './kinds.ts';

const COMPLETE_FIELD = '__complete';

/** Longer than the slowest change of a setting; a change that still outlives it notices and starts over. */
const LOCK_MS = 15_000;

/** A copy is rebuilt from the ledger after this long even when nothing is known to be wrong with it. */
const COPY_MS = 3_600_000;

/** The right to change or rebuild the settings of one kind and scope. `at`: Redis's clock, RFC 3339 with microseconds. */
export type SettingsLock = { owner: string; at: string };

/**
 * The Redis hash of one kind and scope: setting id → JSON. Injective: the scope cannot hold `}` and the kind
 * cannot hold `:`. No setting id can meet the marker field, since ids do not begin with `_`.
 */
export function settingsKey(kind: string, scope: string): string {
  return `settings:{${scope}}:${kind}`;
}

const ACQUIRE = `
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return false end
return redis.call('TIME')
`;

const SUSPEND = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[2], '${COMPLETE_FIELD}')
return 1
`;

const INSTALL = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
for i = 3, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
redis.call('HSET', KEYS[2], '${COMPLETE_FIELD}', '1')
redis.call('PEXPIRE', KEYS[2], ARGV[2])
redis.call('DEL', KEYS[1])
return 1
`;

const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`;

/**
 * The copy of the settings that Redis serves. It may vanish at any moment: readers are told (`incomplete`) and
 * rebuild it from the ledger. Only the holder of the lock may install a copy, so that an old snapshot never
 * overwrites a new one. Every method rejects while Redis cannot be reached.
 */
export function createProjection(redis: Redis) {
  const keys = (kind: string, scope: string): [string, string] => {
    const key = settingsKey(kind, scope);
    return [`${key}:lock`, key];
  };
  return {
    async get(kind: string, scope: string, id: string) {
      const [complete, text] = await redis.hmget(settingsKey(kind, scope), COMPLETE_FIELD, id);
      if (complete == null) return { kind: 'incomplete' as const };
      return { kind: 'known' as const, setting: text == null ? undefined : parseEntry(id, text) };
    },

    async all(kind: string, scope: string) {
      const hash = await redis.hgetall(settingsKey(kind, scope));
      const { [COMPLETE_FIELD]: complete, ...entries } = hash;
      if (complete === undefined) return { kind: 'incomplete' as const };
      const settings = Object.entries(entries).map(([id, text]) => parseEntry(id, text));
      return { kind: 'known' as const, settings };
    },

    /** Undefined when somebody else holds the lock. */
    async acquire(kind: string, scope: string): Promise<SettingsLock | undefined> {
      const owner = randomUUID();
      const reply = await redis.eval(ACQUIRE, 1, keys(kind, scope)[0], owner, LOCK_MS);
      if (!Array.isArray(reply)) return undefined;
      const [seconds, micros] = reply.map(Number);
      const second = new Date(seconds! * 1_000).toISOString().slice(0, 19);
      return { owner, at: `${second}.${String(micros).padStart(6, '0')}Z` };
    },

    /**
     * Marks the copy incomplete before the ledger changes, so that whoever dies half-way leaves nothing stale: the next
     * reader rebuilds it. False, and nothing done, when the lock was lost.
     */
    async suspend(kind: string, scope: string, lock: SettingsLock): Promise<boolean> {
      return Number(await redis.eval(SUSPEND, 2, ...keys(kind, scope), lock.owner)) === 1;
    },

    /** Puts the whole copy in place and gives the lock back; false, and nothing done, when the lock was lost. */
    async install(
      kind: string,
      scope: string,
      lock: SettingsLock,
      settings: Iterable<Setting>,
    ): Promise<boolean> {
      const fields: string[] = [];
      for (const { id, ...entry } of settings) fields.push(id, JSON.stringify(entry));
      const owner = lock.owner;
      return (
        (await redis.eval(INSTALL, 2, ...keys(kind, scope), owner, COPY_MS, ...fields)) === '1'
      );
    },

    /** Gives the lock back without a copy; harmless when it was already given back or lost. */
    async release(kind: string, scope: string, lock: SettingsLock): Promise<void> {
      await redis.eval(RELEASE, 1, keys(kind, scope)[0], lock.owner);
    },
  };
}

export type Projection = ReturnType<typeof createProjection>;

function parseEntry(id: string, text: string): Setting {
  return { id, ...(JSON.parse(text) as Omit<Setting, 'id'>) };
}
