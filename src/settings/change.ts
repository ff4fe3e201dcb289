import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../core/errors.ts';
import type { Setting, SettingBody, SettingKind } from './kinds.ts';
import type { Projection, SettingsLock } from './projection.ts';
import { inForce, type SettingVersion, type Versions } from './versions.ts';

/** One wanted change. Without `body` the setting is removed. */
export type SettingChange = {
  kind: SettingKind;
  scope: string;
  id: string;
  body: SettingBody<SettingKind> | undefined;
  /** The version the change builds on, 0 for "there must be none"; undefined builds on whatever is there. */
  expectedVersion: number | undefined;
  changedBy: string;
};

export type SettingChangeResult =
  | { kind: 'changed'; version: SettingVersion }
  | { kind: 'absent' }
  | { kind: 'conflict'; reason: 'version' | 'overtaken'; current: Setting | undefined };

const LOCK_ATTEMPTS = 200;
const LOCK_POLL_MS = 50;
const CHANGE_ATTEMPTS = 3;
const VISIBLE_AFTER_MS = [0, 100, 300, 1_000, 3_000];

/**
 * Compare-and-set on a ledger that knows no uniqueness, across instances:
 *
 * 1. Take the lock of the kind and scope.
 * 2. Read the newest versions; a version other than the expected one is a `conflict`.
 * 3. Mark the Redis copy incomplete: from here on readers read the ledger. Append the next version, dated with the
 *    instant the lock was taken (Redis's clock). When two rows claim one version the younger lock counts: a writer
 *    that slept through the end of its lock can never win later.
 * 4. Read the ledger again until the row shows.
 * 5. Put the new copy in place, which only the holder of the lock can. If it was lost (it ran out, Redis lost its
 *    memory) nothing is certain: start over at 1, under a younger lock, with the same write id.
 * 6. Whoever's row is not the one that counts is told `overtaken`.
 *
 * A crash anywhere leaves at most an incomplete copy, which the next reader rebuilds. Throws `unavailable`
 * (retryable) when Redis or BigQuery do not answer; the change may then have been stored or not, and a repeat with the
 * same `expectedVersion` cannot apply it twice.
 */
export async function applyChange(
  { versions, projection }: { versions: Versions; projection: Projection },
  change: SettingChange,
): Promise<SettingChangeResult> {
  const { kind, scope, id } = change;
  const writeId = randomUUID();

  for (let attempt = 0; attempt < CHANGE_ATTEMPTS; attempt += 1) {
    const lock = await acquire(projection, kind, scope);
    let appending = false;
    try {
      const all = await versions.current(kind, scope);
      const known = all.get(id);
      // Our own row from an attempt that lost its lock: write it again under this one.
      const base = known?.writeId === writeId ? known.version - 1 : (known?.version ?? 0);
      const refusal = known?.writeId === writeId ? undefined : refuse(change, known, attempt);
      if (refusal !== undefined) {
        // What refuses may be a row that the copy in Redis does not show: an earlier append whose end nobody saw.
        await projection.install(kind, scope, lock, inForce(all.values()));
        return refusal;
      }
      if (!(await projection.suspend(kind, scope, lock))) continue;
      appending = true;
      await versions.append(kind, scope, {
        id,
        version: base + 1,
        body: change.body,
        changedBy: change.changedBy,
        changedAt: lock.at,
        writeId,
      });
      const after = await readBack(versions, change, base + 1);
      if (!(await projection.install(kind, scope, lock, inForce(after.values())))) continue;
      const winner = after.get(id)!;
      if (winner.writeId === writeId) return { kind: 'changed', version: winner };
      return { kind: 'conflict', reason: 'overtaken', current: inForce([winner])[0] };
    } catch (error) {
      // The row may still show up: until the lock runs out nobody makes a copy without it, and all read the ledger.
      if (!appending) await projection.release(kind, scope, lock).catch(() => {});
      throw unavailable('The setting may or may not have been changed', error);
    }
  }
  throw unavailable('Every attempt lost its lock');
}

function refuse(
  change: SettingChange,
  known: SettingVersion | undefined,
  attempt: number,
): SettingChangeResult | undefined {
  const current = known === undefined ? undefined : inForce([known])[0];
  const { expectedVersion } = change;
  if (expectedVersion !== undefined && expectedVersion !== (current?.version ?? 0)) {
    return { kind: 'conflict', reason: attempt === 0 ? 'version' : 'overtaken', current };
  }
  return change.body === undefined && current === undefined ? { kind: 'absent' } : undefined;
}

async function acquire(
  projection: Projection,
  kind: SettingKind,
  scope: string,
): Promise<SettingsLock> {
  try {
    for (let attempt = 0; attempt < LOCK_ATTEMPTS; attempt += 1) {
      const lock = await projection.acquire(kind, scope);
      if (lock !== undefined) return lock;
      await sleep(LOCK_POLL_MS);
    }
  } catch (error) {
    throw unavailable('Redis, which holds the lock, does not answer', error);
  }
  throw unavailable('Another change holds the lock');
}

/** Streamed rows may take a moment to show in queries. */
async function readBack(
  versions: Versions,
  { kind, scope, id }: SettingChange,
  version: number,
): Promise<Map<string, SettingVersion>> {
  for (const delayMs of VISIBLE_AFTER_MS) {
    if (delayMs > 0) await sleep(delayMs);
    const current = await versions.current(kind, scope);
    if ((current.get(id)?.version ?? 0) >= version) return current;
  }
  throw new Error('the ledger does not show the new version yet');
}

function unavailable(what: string, cause?: unknown): AppError {
  if (cause instanceof AppError && cause.code === 'setting_refused') return cause;
  const because = cause instanceof Error ? `: ${cause.message}` : '';
  return new AppError({
    code: 'unavailable',
    message: `Change of a setting: ${what}${because}`,
    publicMessage: `${what}; try again.`,
    retryable: true,
    cause,
  });
}
