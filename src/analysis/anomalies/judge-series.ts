import type { Ended, FindingState, Found } from '../findings/finding.ts';
import type { Analysis } from '../run-analysis.ts';
import { endOf, NEW_LEVEL_MS } from './ending.ts';
import type { FollowedHour } from './followed.ts';
import { endsWithTurns } from './turns.ts';

/** Finds what is abnormal from `judgeFromMs` on, and tells every hour since then of the series named in `follow`. */
type Detect = (request: {
  judgeFromMs: number;
  toMs: number;
  follow: readonly string[];
}) => Promise<{ found: Found[]; followed: FollowedHour[] }>;

/**
 * The judge of series whose name is the subject of their findings (log volumes, metrics): what its detector finds in the
 * window is found, and an open finding is over as `endOf` says, or where its series is found on the other side. What is found
 * and back inside within one window is closed by the run after it. Reads only, and says the same when asked again.
 */
export function createSeriesJudge(detect: Detect): Analysis['judge'] {
  return async ({ fromMs, toMs }, known) => {
    const open = known.filter(({ status, sinceMs }) => status === 'open' && sinceMs < toMs);
    // What began earlier than that is over by now.
    const earliestMs = toMs - NEW_LEVEL_MS;
    const begun = open.map(({ sinceMs }) => Math.max(sinceMs, earliestMs));
    const { found, followed } = await detect({
      judgeFromMs: Math.min(fromMs, ...begun),
      toMs,
      follow: open.map(({ subject }) => subject),
    });
    const within = found.filter(({ sinceMs }) => sinceMs >= fromMs);
    const over = open.flatMap((finding) => endedOf(finding, followed, toMs) ?? []);
    return { found: within, over: endsWithTurns(open, over, within) };
  };
}

function endedOf(
  finding: FindingState,
  followed: readonly FollowedHour[],
  toMs: number,
): Ended | undefined {
  const { id, subject, sinceMs, details } = finding;
  const { value, usual } = details as { value: number; usual: number | null };
  // A finding that has become worse tells of its worst hour; half of that is as much a sign of its end.
  const opening = { sinceMs, value, usual: usual ?? value };
  const hours = followed.filter(({ series, hourMs }) => series === subject && hourMs >= sinceMs);
  const end = endOf(opening, hours);
  if (end !== undefined) return { id, ...end };
  const latestMs = sinceMs + NEW_LEVEL_MS;
  return toMs >= latestMs ? { id, untilMs: latestMs, reason: 'new-level' } : undefined;
}
