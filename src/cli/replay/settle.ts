import { setTimeout as pause } from 'node:timers/promises';
import { AppError } from '../../core/errors.ts';
import { formatInstant } from '../../core/time.ts';
import { type ApiClient, workspacePath } from '../api.ts';
import type { CostsAnswer } from '../contract.ts';
import { monthsAround, type WorkspaceShare } from './survey.ts';

/** What the API says of one workspace over the months a replay touches. */
export type Total = {
  events: number;
  totalUsd: string;
  currency: string;
  period: CostsAnswer['period'];
};

/** How the wait ended for all workspaces: `counted`, or `missing` so many events when time ran out. */
export type Settled = { kind: 'counted' } | { kind: 'missing'; events: number; error?: AppError };

export type SettleOptions = {
  api: ApiClient;
  workspaces: ReadonlyMap<string, WorkspaceShare>;
  before: ReadonlyMap<string, Total>;
  shiftMs: number;
  /** This very replay was seen counted to the end before: nothing is expected to change. */
  repeated: boolean;
  /** Stop waiting after so long without any change. */
  patienceMs: number;
  now: () => number;
  onCounted: (events: number) => void;
};

const FIRST_POLL_MS = 100;
const MAX_POLL_MS = 1_000;
const QUIET_MS = { repeated: 1_500, unknown: 10_000 };

/** The total of a workspace over the whole UTC months a replay touches (a cut the rollups answer). */
export async function readTotal(
  api: ApiClient,
  workspaceId: string,
  share: { firstMs: number; lastMs: number },
  shiftMs: number,
): Promise<Total> {
  const { fromMs, toMs } = monthsAround(share.firstMs + shiftMs, share.lastMs + shiftMs);
  const query = { from: formatInstant(fromMs), to: formatInstant(toMs), by: 'resource' };
  const answer = await api.call<CostsAnswer>('GET', workspacePath(workspaceId, 'costs'), { query });
  const { events, totalUsd, currency, period } = answer;
  return { events, totalUsd, currency, period };
}

/**
 * Waits until what was sent is counted, asking the API again and again.
 *
 * A workspace is done when its count has grown by all its events. When some were counted by an earlier replay
 * it grows by less: then it is done once it holds at least as many events as the replay has different ids and
 * has stopped growing for a while. Connection errors and restarts on the way only take time.
 */
export async function waitUntilCounted(options: SettleOptions): Promise<Settled> {
  const { api, workspaces, before, shiftMs, now } = options;
  const quietMs = options.repeated ? QUIET_MS.repeated : QUIET_MS.unknown;
  const waiting = new Map<string, { events: number; sinceMs: number }>();
  for (const workspaceId of workspaces.keys()) {
    waiting.set(workspaceId, { events: -1, sinceMs: now() });
  }
  let lastChangeMs = now();
  let lastError: AppError | undefined;
  for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(MAX_POLL_MS, pollMs * 1.5)) {
    for (const [workspaceId, state] of waiting) {
      const share = workspaces.get(workspaceId)!;
      const events = await currentEvents(workspaceId, share);
      if (events === undefined) continue;
      if (events !== state.events) {
        state.events = events;
        state.sinceMs = now();
        lastChangeMs = now();
      }
      const start = before.get(workspaceId)?.events ?? 0;
      const quiet = now() - state.sinceMs >= quietMs;
      const allNew = events >= start + (share.distinct ?? share.events);
      const allThere = events >= (share.distinct ?? 1);
      if (allNew || (allThere && quiet)) waiting.delete(workspaceId);
    }
    options.onCounted(countedSoFar());
    if (waiting.size === 0) return { kind: 'counted' };
    if (now() - lastChangeMs > options.patienceMs) {
      return { kind: 'missing', events: countMissing(), error: lastError };
    }
    await pause(pollMs);
  }

  async function currentEvents(
    workspaceId: string,
    share: WorkspaceShare,
  ): Promise<number | undefined> {
    try {
      const { events } = await readTotal(api, workspaceId, share, shiftMs);
      lastError = undefined;
      return events;
    } catch (error) {
      if (!(error instanceof AppError) || !error.retryable) throw error;
      lastError = error;
      return undefined;
    }
  }

  function countMissing(): number {
    let missing = 0;
    for (const [workspaceId, { events }] of waiting) {
      const { distinct, events: sent } = workspaces.get(workspaceId)!;
      missing += Math.max(0, (distinct ?? sent) - Math.max(0, events));
    }
    return missing;
  }

  function countedSoFar(): number {
    let counted = 0;
    for (const [workspaceId, share] of workspaces) {
      const events = waiting.get(workspaceId)?.events;
      counted += events === undefined ? share.events : Math.min(share.events, Math.max(0, events));
    }
    return counted;
  }
}
