import { createHash, type Hash } from 'node:crypto';
import { AppError, type FieldError } from '../../core/errors.ts';
import { bucketEnd, bucketStart, formatInstant, monthOf } from '../../core/time.ts';
import { parseCostEvent } from '../../costs/event.ts';
import { invalidInput } from '../exit.ts';
import { openContent, unreadable } from './content.ts';
import type { ReplayFormat, ReplayRow } from './format.ts';

/** What a replay brings to one workspace; times by the file's own clock, epoch ms. */
export type WorkspaceShare = {
  events: number;
  /** Events with different ids; undefined when there are too many to tell in bounded memory. */
  distinct: number | undefined;
  firstMs: number;
  lastMs: number;
};

/** What one reading of the whole file found. */
export type Survey = {
  /** Of the file's unzipped content, so that `x.csv` and `x.csv.gz` are the same file. */
  digest: string;
  /** Prefix of the ids of events that bring none; see `completeEvent`. */
  idPrefix: string;
  events: number;
  skipped: number;
  firstMs: number;
  lastMs: number;
  workspaces: ReadonlyMap<string, WorkspaceShare>;
};

const MAX_ERRORS_SHOWN = 20;
const MAX_IDS_REMEMBERED = 1_000_000;
const SURVEY_ID = 'x'.repeat(32);

/**
 * Reads the file once from end to end and checks every row as the API would, so that a file with a mistake is
 * refused before anything is sent. Throws `invalid_input` with the lines and fields at fault.
 */
export async function surveyFile(
  file: string,
  format: ReplayFormat,
  options: { now: number },
): Promise<Survey> {
  const hash = createHash('sha256');
  const shares = createShares(format.timing.kind === 'shifted');
  const errors: FieldError[] = [];
  let invalid = 0;
  let skipped = 0;
  for await (const row of readRows(file, format, hash)) {
    if (row.kind === 'skipped') {
      skipped += 1;
      continue;
    }
    const found = row.kind === 'invalid' ? row.errors : checkRow(row, format, options.now);
    if (found.length === 0 && row.kind === 'event') {
      shares.add(row.event, row.sourceMs);
      continue;
    }
    invalid += 1;
    for (const { field, reason } of found) {
      if (errors.length < MAX_ERRORS_SHOWN) {
        errors.push({ field: `line ${row.line}, ${field}`, reason });
      }
    }
  }
  if (invalid > 0) {
    const rows = invalid === 1 ? '1 row' : `${invalid} rows`;
    throw invalidInput(`${file}: ${rows} cannot be replayed; nothing was sent.`, errors);
  }
  const { workspaces, events, firstMs, lastMs } = shares.result();
  if (events === 0) throw invalidInput(`${file} has no events to replay.`);
  const digest = hash.digest('hex');
  const identity = JSON.stringify([format.name, digest, ...format.identity]);
  const idPrefix = createHash('sha256').update(identity).digest('hex').slice(0, 24);
  return { digest, idPrefix, events, skipped, firstMs, lastMs, workspaces };
}

/** The rows of a file, in order; an error names the file. Each byte read also goes into `hash`, when given. */
export async function* readRows(
  file: string,
  format: ReplayFormat,
  hash?: Hash,
): AsyncGenerator<ReplayRow> {
  const content = await openContent(file);
  try {
    yield* format.read(hash === undefined ? content : hashed(content, hash));
  } catch (error) {
    if (error instanceof AppError) throw invalidInput(`${file}: ${error.message}`, error.details);
    throw unreadable(file, error);
  } finally {
    content.destroy();
  }
}

/**
 * The event of a row as it is sent. What brings no id gets `<idPrefix>-<line>`: the same content replayed the
 * same way has the same ids on every run, whatever the file is called and whenever it is replayed.
 */
export function completeEvent(
  row: ReplayRow & { kind: 'event' },
  format: ReplayFormat,
  options: { idPrefix: string; shiftMs: number },
): Record<string, unknown> {
  const id = `${options.idPrefix}-${row.line}`;
  if (format.timing.kind === 'as-is') return { id, ...row.event };
  return { id, ...row.event, timestamp: formatInstant(row.sourceMs + options.shiftMs) };
}

/** The whole UTC months (epoch ms, half-open) that a span of instants touches: what a month's rollup answers for. */
export function monthsAround(firstMs: number, lastMs: number): { fromMs: number; toMs: number } {
  return {
    fromMs: bucketStart('month', monthOf(firstMs)),
    toMs: bucketEnd('month', monthOf(lastMs)),
  };
}

function checkRow(
  row: ReplayRow & { kind: 'event' },
  format: ReplayFormat,
  now: number,
): FieldError[] {
  // Where times will be shifted, the shift is not known yet; `now` stands for a time that is allowed.
  const shiftMs = now - row.sourceMs;
  const event = completeEvent(row, format, { idPrefix: SURVEY_ID, shiftMs });
  const parsed = parseCostEvent(event, { now });
  return parsed.kind === 'valid' ? [] : parsed.errors;
}

function createShares(idsAreDistinct: boolean) {
  const workspaces = new Map<string, WorkspaceShare>();
  const seen = new Set<number>();
  let firstMs = Infinity;
  let lastMs = -Infinity;
  let events = 0;
  return {
    add(event: Record<string, unknown>, sourceMs: number): void {
      const workspaceId = String(event.workspaceId);
      const share = workspaces.get(workspaceId) ?? {
        events: 0,
        distinct: 0,
        firstMs: sourceMs,
        lastMs: sourceMs,
      };
      workspaces.set(workspaceId, share);
      events += 1;
      share.events += 1;
      share.firstMs = Math.min(share.firstMs, sourceMs);
      share.lastMs = Math.max(share.lastMs, sourceMs);
      firstMs = Math.min(firstMs, sourceMs);
      lastMs = Math.max(lastMs, sourceMs);
      if (share.distinct !== undefined && isNew(workspaceId, event.id)) share.distinct += 1;
    },
    result() {
      const exact = seen.size < MAX_IDS_REMEMBERED;
      if (!exact) for (const share of workspaces.values()) share.distinct = undefined;
      return { workspaces, events, firstMs, lastMs };
    },
  };

  function isNew(workspaceId: string, id: unknown): boolean {
    if (idsAreDistinct || typeof id !== 'string') return true;
    if (seen.size >= MAX_IDS_REMEMBERED) return false;
    const before = seen.size;
    const digest = createHash('sha256').update(`${workspaceId}/${id}`).digest();
    seen.add(digest.readUIntBE(0, 6));
    return seen.size > before;
  }
}

async function* hashed(content: AsyncIterable<Buffer>, hash: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of content) {
    hash.update(chunk);
    yield chunk;
  }
}
