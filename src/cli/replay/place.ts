import { AppError } from '../../core/errors.ts';
import { DAY_MS, formatInstant } from '../../core/time.ts';
import { MAX_AGE_DAYS, MAX_AHEAD_MS } from '../../costs/event.ts';
import type { ApiClient } from '../api.ts';
import { invalidInput } from '../exit.ts';
import { type Io, note } from '../io.ts';
import type { ReplayFormat } from './format.ts';
import type { PastReplay } from './memory.ts';
import { readTotal } from './settle.ts';
import type { Survey } from './survey.ts';

/** A replay younger than this may still be on its way to the counts. */
const RECENT_MS = 3_600_000;

/**
 * Where the events of a replay lie in time: `shiftMs` is added to the file's own times, `endMs` is where they end
 * (both ms). Without a wanted end it is the earlier replay's, as long as its events are still there, else now.
 * Throws `invalid_input` for an end the API would not take.
 */
export async function findPlace(
  io: Io,
  api: ApiClient,
  survey: Survey,
  options: { file: string; format: ReplayFormat; endMs?: number; past?: PastReplay },
): Promise<{ endMs: number; shiftMs: number }> {
  const { file, endMs: wanted, past } = options;
  const { timing } = options.format;
  if (timing.kind === 'as-is') return { endMs: survey.lastMs, shiftMs: 0 };
  const shiftFor = (endMs: number) => endMs - timing.tailMs - survey.lastMs;
  const now = io.now();
  const endMs = wanted ?? (await earlierEnd()) ?? now - (now % timing.endGrainMs);
  const shiftMs = shiftFor(endMs);
  if (past !== undefined && past.endMs !== endMs) {
    note(
      io,
      `This file was replayed before, ending at ${formatInstant(past.endMs)}. Its events keep their ids, so what ` +
        'was counted in the last 48 hours is not counted again; what was counted earlier is.',
    );
  }
  if (survey.lastMs + shiftMs > now + MAX_AHEAD_MS) {
    throw invalidInput('--end lies more than 10 minutes ahead; the API takes no such events.');
  }
  if (survey.firstMs + shiftMs < now - MAX_AGE_DAYS * DAY_MS) {
    throw invalidInput(
      `With this --end the first row of ${file} would lie more than ${MAX_AGE_DAYS} days back; the API takes no such events.`,
    );
  }
  return { endMs, shiftMs };

  async function earlierEnd(): Promise<number | undefined> {
    if (past === undefined) return undefined;
    const tooOld = survey.firstMs + shiftFor(past.endMs) < now - MAX_AGE_DAYS * DAY_MS;
    if (tooOld) return undefined;
    const recent = now - past.atMs < RECENT_MS;
    if (!recent && !(await isStillThere(past.endMs))) return undefined;
    note(
      io,
      `Replayed before, ending at ${formatInstant(past.endMs)}: the same times are used again, so that nothing ` +
        'counts twice (--end overrides this).',
    );
    return past.endMs;
  }

  /** A cloud that was emptied since, or moved to another address, owes the earlier replay nothing. */
  async function isStillThere(endMs: number): Promise<boolean> {
    const [workspaceId, share] = [...survey.workspaces][0]!;
    try {
      return (await readTotal(api, workspaceId, share, shiftFor(endMs))).events > 0;
    } catch (error) {
      if (error instanceof AppError && error.code === 'forbidden') return true;
      throw error;
    }
  }
}
