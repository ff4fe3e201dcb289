import { AppError } from '../../core/errors.ts';
import { formatUsd, parseUsd } from '../../core/money.ts';
import { formatInstant } from '../../core/time.ts';
import type { ApiClient } from '../api.ts';
import { type Io, note } from '../io.ts';
import type { ReplayFormat } from './format.ts';
import { createReplayMemory } from './memory.ts';
import { findPlace } from './place.ts';
import { createProgress } from './progress.ts';
import { type Outgoing, sendEvents } from './send.ts';
import { readTotal, type Settled, type Total, waitUntilCounted } from './settle.ts';
import { completeEvent, readRows, type Survey, surveyFile } from './survey.ts';

export type ReplayOptions = {
  file: string;
  format: ReplayFormat;
  /** Epoch ms; undefined: where it was put the last time, else now. */
  endMs?: number;
  inFlight: number;
  wait: boolean;
  patienceMs: number;
};

/** What a replay did. Money is a decimal text in USD; `null` where this key may not read costs. */
export type ReplayResult = {
  file: string;
  format: string;
  /** RFC 3339; where the last row was put, or the last event's own time. */
  end: string;
  rows: number;
  eventsSent: number;
  skipped: number;
  batches: number;
  retries: number;
  /** `counted`, `missing` (time ran out), or `not-awaited`. */
  state: 'counted' | 'missing' | 'not-awaited';
  missingEvents: number;
  workspaces: {
    workspaceId: string;
    /** Sent by this replay. */
    events: number;
    /** In the workspace over the whole UTC months the replay touches, whoever sent them. */
    countedEvents: number | null;
    totalUsd: string | null;
    period: Total['period'] | null;
  }[];
  /** Sum of the workspaces' totals. */
  totalUsd: string | null;
  currency: 'USD';
  elapsedMs: number;
};

const GIVE_UP_AFTER_MS = 120_000;

/**
 * Replays a file: checks all of it, decides when its events happened, sends them, waits until they are counted,
 * and reads the totals. Running it again with the same file and options changes nothing.
 */
export async function replay(
  io: Io,
  api: ApiClient,
  options: ReplayOptions,
): Promise<ReplayResult> {
  const { file, format } = options;
  const startedMs = io.now();
  const memory = createReplayMemory(io, api.connection);

  // 1. Nothing is sent from a file with a mistake in it.
  const survey = await surveyFile(file, format, { now: io.now() });

  // 2. The same ids must carry the same times on every run, or a repeat would be a conflict.
  const past = await memory.recall(survey.idPrefix);
  const place = await findPlace(io, api, survey, { ...options, past });
  const { endMs, shiftMs } = place;
  const repeated = past?.counted === true && past.endMs === endMs;
  const readable = await readTotals(api, survey, shiftMs);

  // 3. Remembered before the first event leaves, so that an interrupted replay goes on where it was.
  await memory.remember(survey.idPrefix, { endMs, atMs: io.now(), counted: false });
  const sent = await send(io, api, survey, options, shiftMs);

  // 4. Accepted is not yet counted.
  const settled =
    options.wait && readable.kind === 'totals'
      ? await settle(io, api, survey, options, { before: readable.totals, shiftMs, repeated })
      : undefined;
  if (settled?.kind === 'counted') {
    await memory.remember(survey.idPrefix, { endMs, atMs: io.now(), counted: true });
  }
  const after = readable.kind === 'totals' ? await readTotals(api, survey, shiftMs) : readable;
  if (after.kind === 'forbidden') {
    note(io, 'This key may not read costs, so the events were sent without watching them arrive.');
  }

  const workspaces = [...survey.workspaces].map(([workspaceId, { events }]) => {
    const total = after.kind === 'totals' ? after.totals.get(workspaceId) : undefined;
    return {
      workspaceId,
      events,
      countedEvents: total?.events ?? null,
      totalUsd: total?.totalUsd ?? null,
      period: total?.period ?? null,
    };
  });
  const sum = workspaces.reduce((total, { totalUsd }) => total + parseUsd(totalUsd ?? '0'), 0n);
  return {
    file,
    format: format.name,
    end: formatInstant(endMs),
    rows: survey.events + survey.skipped,
    eventsSent: sent.sent,
    skipped: survey.skipped,
    batches: sent.batches,
    retries: sent.retries,
    state: settled?.kind ?? 'not-awaited',
    missingEvents: settled?.kind === 'missing' ? settled.events : 0,
    workspaces,
    totalUsd: after.kind === 'totals' ? formatUsd(sum) : null,
    currency: 'USD',
    elapsedMs: io.now() - startedMs,
  };
}

type Totals = { kind: 'totals'; totals: Map<string, Total> } | { kind: 'forbidden' };

async function readTotals(api: ApiClient, survey: Survey, shiftMs: number): Promise<Totals> {
  const totals = new Map<string, Total>();
  try {
    for (const [workspaceId, share] of survey.workspaces) {
      totals.set(workspaceId, await readTotal(api, workspaceId, share, shiftMs));
    }
  } catch (error) {
    if (error instanceof AppError && error.code === 'forbidden') return { kind: 'forbidden' };
    throw error;
  }
  return { kind: 'totals', totals };
}

async function send(
  io: Io,
  api: ApiClient,
  { events: total, idPrefix }: Survey,
  { file, format, inFlight }: ReplayOptions,
  shiftMs: number,
) {
  const progress = createProgress(io, { label: 'Sending ', total, unit: 'events' });
  async function* events(): AsyncGenerator<Outgoing> {
    for await (const row of readRows(file, format)) {
      if (row.kind !== 'event') continue;
      yield { line: row.line, event: completeEvent(row, format, { idPrefix, shiftMs }) };
    }
  }
  try {
    return await sendEvents(events(), {
      api,
      inFlight,
      giveUpAfterMs: GIVE_UP_AFTER_MS,
      now: io.now,
      interrupted: io.interrupted,
      onSent: progress.update,
      onTrouble: (error) =>
        note(io, `${error.message} Trying again for up to ${GIVE_UP_AFTER_MS / 1_000} s.`),
    });
  } finally {
    progress.stop();
  }
}

async function settle(
  io: Io,
  api: ApiClient,
  { workspaces, events: total }: Survey,
  { patienceMs }: ReplayOptions,
  known: { before: Map<string, Total>; shiftMs: number; repeated: boolean },
): Promise<Settled> {
  const progress = createProgress(io, { label: 'Counting', total, unit: 'events' });
  try {
    return await waitUntilCounted({
      api,
      workspaces,
      ...known,
      patienceMs,
      now: io.now,
      onCounted: progress.update,
    });
  } finally {
    progress.stop();
  }
}
