import { PLATFORM_SCOPE } from '../../core/ids.ts';
import type { Settings } from '../../settings/settings.ts';
import { KNOWN_CAUSES, type KnownCause } from './known-causes.ts';

/** A cause and where it comes from. */
export type CauseInForce = KnownCause & { source: 'built-in' | 'setting' };

/**
 * The causes in force, in the order in which they are tried: those that operators added, by id, then the built-in ones, each as
 * it is or as operators set it under its id. One without patterns fits nothing, and so switches a built-in one off. Throws what
 * `settings.list` throws.
 */
export async function listKnownCauses(settings: Pick<Settings, 'list'>): Promise<CauseInForce[]> {
  const own = await settings.list('known-cause', PLATFORM_SCOPE);
  const set = new Map(
    own.map(({ id, body }): [string, CauseInForce] => [id, { id, ...body, source: 'setting' }]),
  );
  const builtIn = KNOWN_CAUSES.map(
    (cause): CauseInForce => set.get(cause.id) ?? { ...cause, source: 'built-in' },
  );
  const ids = new Set(KNOWN_CAUSES.map(({ id }) => id));
  return [...[...set.values()].filter(({ id }) => !ids.has(id)), ...builtIn];
}
