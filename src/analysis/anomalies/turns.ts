import { type Ended, type FindingState, type Found, findingId } from '../findings/finding.ts';

/** What a series' finding, as it is now or as it was found, says of the side it is on. */
type Sided = { value: number; expected: { low: number; high: number } };
type Current = Pick<Found, 'sinceMs' | 'details'> & { id: string };

/**
 * The ends `over` of findings in series, and those by a turn: a finding whose series is found on the other side of what is
 * expected is over at that hour (`turned`), and what is found there is a finding of its own, which may turn as well. Without
 * it, placing would count a silence to the flood before it. Pure.
 */
export function endsWithTurns(
  open: readonly FindingState[],
  over: readonly Ended[],
  found: readonly Found[],
): Ended[] {
  const ends = new Map(over.map((ended) => [ended.id, ended]));
  const current = new Map<string, Current>(open.map((finding) => [seriesOf(finding), finding]));
  for (const one of found.toSorted((a, b) => a.sinceMs - b.sinceMs)) {
    const before = current.get(seriesOf(one));
    if (before !== undefined) {
      const { id, sinceMs } = before;
      const isOver = (ends.get(id)?.untilMs ?? Number.POSITIVE_INFINITY) <= one.sinceMs;
      if (one.sinceMs <= sinceMs || (!isOver && isAbove(before) === isAbove(one))) continue;
      if (!isOver) ends.set(id, { id, untilMs: one.sinceMs, reason: 'turned' });
    }
    current.set(seriesOf(one), { ...one, id: findingId(one) });
  }
  return [...ends.values()];
}

function seriesOf({ workspaceId, subject }: Pick<Found, 'workspaceId' | 'subject'>): string {
  return JSON.stringify([workspaceId, subject]);
}

function isAbove({ details }: Pick<Found, 'details'>): boolean {
  const { value, expected } = details as Sided;
  return value > expected.high;
}
