import type { Redis } from '../cloud/redis.ts';
import type { NanoUsd } from '../core/money.ts';
import { monthOf } from '../core/time.ts';
import { readRollups } from '../costs/rollups/read.ts';
import type { Settings } from '../settings/settings.ts';

/** What people call a workspace; undefined when nobody said so or the settings do not answer: then its id has to do. */
export async function workspaceNameOf(
  settings: Pick<Settings, 'get'>,
  workspaceId: string,
): Promise<string | undefined> {
  const profile = await settings
    .get('workspace-profile', workspaceId, 'profile')
    .catch(() => undefined);
  return profile?.body.name;
}

/** What a workspace spent in the UTC month of `now` (epoch ms); undefined while Redis cannot say. Never rejects. */
export async function readMonthSpent(
  redis: Redis,
  workspaceId: string,
  now: number,
): Promise<NanoUsd | undefined> {
  const answer = await readRollups(redis, workspaceId, [
    { grain: 'month', bucket: monthOf(now), cells: 'totals' },
  ]).catch(() => ({ kind: 'absent' as const }));
  if (answer.kind === 'absent') return undefined;
  return answer.buckets[0]?.get('total')?.get('')?.cost ?? 0n;
}
