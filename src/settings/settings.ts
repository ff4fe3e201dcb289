import type { Warehouse } from '../cloud/bigquery.ts';
import type { Redis } from '../cloud/redis.ts';
import { createLoadingCache } from './cache.ts';
import { applyChange } from './change.ts';
import type { Setting, SettingBody, SettingKind } from './kinds.ts';
import { createProjection } from './projection.ts';
import { createSettingValidator } from './validator.ts';
import { createVersions, inForce } from './versions.ts';

/** How long this process may serve a setting without asking again: a change elsewhere is seen after this. */
const CACHE_MS = 1_000;
/** The same while Redis is away and every look costs a BigQuery query. */
const FALLBACK_CACHE_MS = 5_000;
const CACHE_ENTRIES = 10_000;

export type PutResult<K extends SettingKind> =
  | { kind: 'stored'; setting: Setting<K> }
  | SettingConflict<K>;

export type RemoveResult<K extends SettingKind> =
  | { kind: 'removed'; version: number }
  | { kind: 'absent' }
  | SettingConflict<K>;

/** `version`: another version was expected; `overtaken`: another writer won the race. `current`: what is in force. */
export type SettingConflict<K extends SettingKind> = {
  kind: 'conflict';
  reason: 'version' | 'overtaken';
  current: Setting<K> | undefined;
};

export type Settings = ReturnType<typeof createSettings>;

/**
 * Versioned settings: append-only in BigQuery, served from a copy in Redis that may vanish at any moment, and kept
 * in this process for a second. Reads go on (from BigQuery) while Redis is away; changes need both, since Redis holds
 * the lock that makes compare-and-set true across instances. `scope` is a workspace id or `PLATFORM_SCOPE`.
 */
export function createSettings({
  warehouse,
  redis,
  now,
}: {
  warehouse: Pick<Warehouse, 'query' | 'insert'>;
  redis: Redis;
  /** Epoch milliseconds. */
  now: () => number;
}) {
  const versions = createVersions(warehouse);
  const projection = createProjection(redis);
  const requireValid = createSettingValidator();
  const ids = createLoadingCache<Setting | undefined>({
    ttlMs: CACHE_MS,
    maxEntries: CACHE_ENTRIES,
    now,
  });
  const lists = createLoadingCache<Setting[]>({
    ttlMs: CACHE_MS,
    maxEntries: CACHE_ENTRIES,
    now,
  });
  const ledger = createLoadingCache<Setting[]>({
    ttlMs: FALLBACK_CACHE_MS,
    maxEntries: CACHE_ENTRIES,
    now,
  });
  const cacheKey = (kind: SettingKind, scope: string) => `${kind}/${scope}/`;

  /** Everything in force from the ledger, put back into Redis unless somebody else is at it. */
  async function rebuild(kind: SettingKind, scope: string): Promise<Setting[]> {
    const lock = await projection.acquire(kind, scope).catch(() => undefined);
    try {
      const settings = inForce((await versions.current(kind, scope)).values());
      // Without Redis the ledger's answer is as good.
      if (lock) await projection.install(kind, scope, lock, settings).catch(() => false);
      return settings;
    } catch (error) {
      if (lock) await projection.release(kind, scope, lock).catch(() => {});
      throw error;
    }
  }

  async function loadAll(kind: SettingKind, scope: string): Promise<Setting[]> {
    const copy = await projection.all(kind, scope).catch(() => ({ kind: 'away' as const }));
    if (copy.kind === 'known') return copy.settings;
    if (copy.kind === 'incomplete') return rebuild(kind, scope);
    return ledger.get(cacheKey(kind, scope), async () =>
      inForce((await versions.current(kind, scope)).values()),
    );
  }

  async function loadOne(kind: SettingKind, scope: string, id: string) {
    const copy = await projection.get(kind, scope, id).catch(() => undefined);
    if (copy?.kind === 'known') return copy.setting;
    const all = await lists.get(cacheKey(kind, scope), () => loadAll(kind, scope));
    return all.find((setting) => setting.id === id);
  }

  function forget(kind: SettingKind, scope: string): void {
    for (const cache of [ids, lists, ledger]) cache.forget(cacheKey(kind, scope));
  }

  return {
    /** One setting in force, or undefined; as of at most a second ago (five while Redis is away). */
    async get<K extends SettingKind>(
      kind: K,
      scope: string,
      id: string,
    ): Promise<Setting<K> | undefined> {
      const setting = ids.get(cacheKey(kind, scope) + id, () => loadOne(kind, scope, id));
      return (await setting) as Setting<K> | undefined;
    },

    /**
     * All settings of a kind and scope in force, by id; as fresh as `get`. With `fresh` they are as of now: every
     * change that had succeeded when this was called is in.
     */
    async list<K extends SettingKind>(
      kind: K,
      scope: string,
      { fresh = false } = {},
    ): Promise<Setting<K>[]> {
      if (fresh) forget(kind, scope);
      const all = await lists.get(cacheKey(kind, scope), () => loadAll(kind, scope));
      return all.toSorted((a, b) => (a.id < b.id ? -1 : 1)) as Setting<K>[];
    },

    /** The scopes that have settings of a kind in force, sorted; asks BigQuery each time. */
    async scopes(kind: SettingKind): Promise<string[]> {
      return versions.scopes(kind);
    },

    /**
     * Stores a new version. `expectedVersion`: the version it builds on, 0 when there must be none yet, absent to
     * overwrite. Throws `invalid_argument` for a body its kind does not allow, `unavailable` (retryable) when Redis or
     * BigQuery do not answer; with `expectedVersion` a repeat is safe.
     */
    async put<K extends SettingKind>(request: {
      kind: K;
      scope: string;
      id: string;
      body: SettingBody<K>;
      expectedVersion?: number;
      changedBy: string;
    }): Promise<PutResult<K>> {
      const { kind, scope, id, body, expectedVersion, changedBy } = request;
      requireValid(kind, scope, id, body);
      try {
        const change = { kind, scope, id, body, expectedVersion, changedBy };
        const result = await applyChange({ versions, projection }, change);
        if (result.kind === 'changed') {
          return { kind: 'stored', setting: inForce([result.version])[0] as Setting<K> };
        }
        if (result.kind === 'absent') throw new Error('a put does not need an earlier version');
        return result as SettingConflict<K>;
      } finally {
        forget(kind, scope);
      }
    },

    /** Removes a setting with a tombstone; conditions and errors as for `put`. A second call finds it `absent`. */
    async remove<K extends SettingKind>(request: {
      kind: K;
      scope: string;
      id: string;
      expectedVersion?: number;
      changedBy: string;
    }): Promise<RemoveResult<K>> {
      const { kind, scope, id, expectedVersion, changedBy } = request;
      try {
        const change = { kind, scope, id, body: undefined, expectedVersion, changedBy };
        const result = await applyChange({ versions, projection }, change);
        if (result.kind === 'changed') return { kind: 'removed', version: result.version.version };
        return result as RemoveResult<K>;
      } finally {
        forget(kind, scope);
      }
    },
  };
}
