import { SEVERITIES } from '../../alerts/alert.ts';
import { type Ended, type FindingState, type Found, findingId } from './finding.ts';

/** Where something found belongs. */
export type Placed =
  /** Nobody knew of it. */
  | { kind: 'opened'; id: string; found: Found; before?: undefined }
  /** It is part of an open finding and tells more of it: `found` is the finding as it now stands. */
  | { kind: 'seen'; id: string; found: Found; before: FindingState }
  /** All of it was known: it changes nothing about its finding, or its finding has ended since. */
  | { kind: 'known'; id: string };

/**
 * Places what was found into the findings that are known, in the order of time. One subject has one open finding at a time:
 * what is found while it is open is part of it, and so is what was found before it ended; `over` says which end by this very
 * run. A finding keeps its begin, and what it said first until it becomes worse. Pure.
 */
export function placeFound(
  known: readonly FindingState[],
  found: readonly Found[],
  over: readonly Ended[] = [],
): Placed[] {
  const ends = new Map(over.map(({ id, untilMs }) => [id, untilMs]));
  const endOf = ({ id, status, untilMs = 0 }: FindingState): number =>
    status === 'closed' ? untilMs : (ends.get(id) ?? Number.POSITIVE_INFINITY);
  const bySubject = new Map<string, FindingState[]>();
  const listOf = (about: Pick<Found, 'workspaceId' | 'kind' | 'subject'>): FindingState[] => {
    const key = JSON.stringify([about.workspaceId, about.kind, about.subject]);
    const list = bySubject.get(key) ?? [];
    bySubject.set(key, list);
    return list;
  };
  for (const state of known) listOf(state).push(state);
  const changes = new Map<string, Placed>();
  for (const one of found.toSorted(inOrder)) {
    const states = listOf(one);
    const id = findingId(one);
    const at = states.findIndex((state) => state.id === id || endOf(state) > one.sinceMs);
    const state = states[at];
    if (state === undefined) {
      states.push({ ...one, id, status: 'open', recordedAtMs: one.sinceMs });
      changes.set(id, { kind: 'opened', id, found: one });
      continue;
    }
    const worse = isWorse(one, state) ? grown(state, one) : undefined;
    if (state.status === 'closed' || worse === undefined) {
      if (!changes.has(state.id)) changes.set(state.id, { kind: 'known', id: state.id });
      continue;
    }
    const earlier = changes.get(state.id);
    states[at] = { ...state, ...worse };
    changes.set(
      state.id,
      earlier?.kind === 'opened'
        ? { ...earlier, found: worse }
        : {
            kind: 'seen',
            id: state.id,
            found: worse,
            before: earlier?.kind === 'seen' ? earlier.before : state,
          },
    );
  }
  return [...changes.values()];
}

/** Worse in severity, or of one severity with the greater impact: by a tenth at least, lest every hour be news. */
function isWorse(one: Found, state: FindingState): boolean {
  const steps = SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(state.severity);
  if (steps !== 0) return steps > 0;
  return sizeOf(one.impactNanoUsd) * 10n > sizeOf(state.impactNanoUsd) * 11n;
}

function grown(state: FindingState, one: Found): Found {
  return { ...one, sinceMs: state.sinceMs };
}

function sizeOf(impact: bigint | undefined): bigint {
  if (impact === undefined) return 0n;
  return impact < 0n ? -impact : impact;
}

function inOrder(a: Found, b: Found): number {
  return a.sinceMs - b.sinceMs || (a.subject < b.subject ? -1 : a.subject > b.subject ? 1 : 0);
}
