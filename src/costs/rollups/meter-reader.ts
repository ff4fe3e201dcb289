import { readFileSync } from 'node:fs';
import type { Redis } from '../../cloud/redis.ts';
import { AppError } from '../../core/errors.ts';
import type { NanoUsd } from '../../core/money.ts';
import type { Span } from '../../core/periods.ts';
import { METER_FIELD, metaKey, meterKey, seenPrefix } from './keys.ts';
import { type Meter, meterSetOf } from './meters.ts';
import type { Rebuild } from './rebuild.ts';

export type MeterReader = ReturnType<typeof createMeterReader>;

const CLOSE_SCRIPT = readFileSync(new URL('./close.lua', import.meta.url), 'utf8');
const KEEP_ONLY_SCRIPT = `
if (redis.call('HGET', KEYS[1], 'metersTag') or '') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], 'metersTag', 'meters')
if ARGV[2] ~= '' then redis.call('HSET', KEYS[1], 'metersTag', ARGV[2], 'meters', ARGV[3]) end
return 1
`;
const MAX_ATTEMPTS = 5;

/** Reads the meters of workspaces' projections, and sees to it that they keep those that are wanted. */
export function createMeterReader({ redis, rebuild }: { redis: Redis; rebuild: Rebuild }) {
  async function stateOf(workspaceId: string) {
    const [state, tag, meters] = await redis.hmget(
      metaKey(workspaceId),
      'state',
      'metersTag',
      'meters',
    );
    return { state, tag: tag ?? '', kept: JSON.parse(meters ?? '[]') as Meter[] };
  }

  return {
    /**
     * Makes the workspace's projection keep exactly these meters: it is rebuilt from the ledger when it lacks one, which
     * holds up counting in this workspace meanwhile. Whoever rebuilds asks for the meters itself (`createRebuild`),
     * so these must be in force already. A second call finds nothing to do. Throws (retryable) when Redis or the
     * ledger do not answer.
     */
    async ensure(workspaceId: string, meters: readonly Meter[]): Promise<void> {
      const wanted = meterSetOf(meters);
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const { state, tag, kept } = await stateOf(workspaceId);
        if (state != null && tag === wanted.tag) return;
        const key = metaKey(workspaceId);
        const lacksNone = wanted.meters.every(({ id }) => kept.some((meter) => meter.id === id));
        if (state != null && lacksNone) {
          const list = JSON.stringify(wanted.meters);
          await redis.eval(KEEP_ONLY_SCRIPT, 1, key, tag, wanted.tag, list);
          continue;
        }
        if (state != null) await redis.eval(CLOSE_SCRIPT, 1, key, seenPrefix(workspaceId), tag);
        await rebuild(workspaceId);
      }
      throw absent(
        workspaceId,
        `does not keep the meters that are wanted after ${MAX_ATTEMPTS} tries`,
      );
    },

    /**
     * The sums of periods (as `spanAt` gives them) of meters, in their order, all of one moment. Throws `meter_absent`
     * (retryable) when the projection is not whole or does not keep one of them: then `ensure` first.
     */
    async read(
      workspaceId: string,
      periods: readonly { meter: Meter; span: Span }[],
    ): Promise<NanoUsd[]> {
      const transaction = redis.multi().hmget(metaKey(workspaceId), 'state', 'meters');
      for (const { meter, span } of periods) {
        transaction.hget(meterKey(workspaceId, meter.id, span.startMs), METER_FIELD);
      }
      const [meta, ...sums] = ((await transaction.exec()) ?? []).map(([error, value]) => {
        if (error) throw error;
        return value;
      });
      const [state, list] = meta as (string | null)[];
      const kept = new Set((JSON.parse(list ?? '[]') as Meter[]).map(({ id }) => id));
      if (state !== 'ready') throw absent(workspaceId, `is ${state ?? 'absent'}`);
      const missing = periods.find(({ meter }) => !kept.has(meter.id));
      if (missing !== undefined) throw absent(workspaceId, `keeps no meter ${missing.meter.id}`);
      return sums.map((sum) => BigInt((sum as string | null) ?? 0));
    },
  };
}

function absent(workspaceId: string, what: string): AppError {
  return new AppError({
    code: 'meter_absent',
    message: `The projection of ${workspaceId} ${what}`,
    publicMessage: 'The sums of this workspace are being rebuilt.',
    retryable: true,
  });
}
