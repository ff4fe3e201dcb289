import { HOUR_MS } from '../../core/time.ts';

/** The hour an anomaly began in: what it was worth and what is usual then, in the unit of its series. */
export type Opening = { sinceMs: number; value: number; usual: number };

/** A complete hour since then. */
export type LaterHour = {
  /** Start of the hour, epoch ms. */
  hourMs: number;
  value: number;
  /** What the hour is worth on other days; undefined where nobody knows. */
  usual: number | undefined;
  /** What had been seen at that hour of the day before the anomaly began; undefined where nobody knows. */
  range?: { low: number; high: number } | undefined;
};

/** When an anomaly was over (epoch ms), and why. */
export type Ending = { untilMs: number; reason: 'back-in-range' | 'new-level' };

/** How many hours that tell must be back inside, one after the other. */
const HOURS_INSIDE = 2;
/** What has been so for this long is how it is now. */
export const NEW_LEVEL_MS = 72 * HOUR_MS;

/**
 * Whether an anomaly is over: `back-in-range` from the first of two complete hours on, one after the other, that are back
 * inside what is expected; `new-level` when it has lasted for three days. Undefined while it goes on. `hours` are those from
 * its first one on, in order; hours that cannot tell are passed over. Pure: asked again later it says the same.
 */
export function endOf(opening: Opening, hours: readonly LaterHour[]): Ending | undefined {
  const latestMs = opening.sinceMs + NEW_LEVEL_MS;
  let inside: number[] = [];
  for (const hour of hours) {
    if (hour.hourMs <= opening.sinceMs || hour.hourMs >= latestMs) continue;
    const verdict = judge(opening, hour);
    if (verdict === 'unclear') continue;
    inside = verdict === 'inside' ? [...inside, hour.hourMs] : [];
    if (inside.length === HOURS_INSIDE) return { untilMs: inside[0]!, reason: 'back-in-range' };
  }
  const last = hours.at(-1);
  const isOld = last !== undefined && last.hourMs + HOUR_MS >= latestMs;
  return isOld ? { untilMs: latestMs, reason: 'new-level' } : undefined;
}

/**
 * An hour is outside when it is beyond what was seen at that hour of the day before, on the anomaly's side; where that is not
 * known, when it still differs from what is usual by half of what the anomaly would make of it. That is, if it went on, as
 * much as at first, or as many times what is usual, whichever is less: quiet hours are not measured by loud ones. Where even
 * that would be nothing new, an hour inside cannot tell.
 */
function judge(opening: Opening, { value, usual, range }: LaterHour): Verdict {
  if (usual === undefined) return 'unclear';
  const sign = opening.value < opening.usual ? -1 : 1;
  const share = opening.usual > 0 ? Math.min(1, usual / opening.usual) : 1;
  const goingOn = Math.abs(opening.value - opening.usual) * share;
  if (range === undefined) {
    if (goingOn <= 0) return 'unclear';
    return sign * (value - usual) >= goingOn / 2 ? 'outside' : 'inside';
  }
  const isBeyond = (reading: number) => (sign > 0 ? reading > range.high : reading < range.low);
  if (isBeyond(value)) return 'outside';
  return isBeyond(usual + sign * goingOn) ? 'inside' : 'unclear';
}

type Verdict = 'inside' | 'outside' | 'unclear';
