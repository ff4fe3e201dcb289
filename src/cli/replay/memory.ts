import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorMessage } from '../../core/errors.ts';
import { formatInstant, parseInstant } from '../../core/time.ts';
import type { Connection } from '../connection.ts';
import { type Io, note } from '../io.ts';

/** One earlier replay: where its last event was put (epoch ms), when, and whether it was seen counted to the end. */
export type PastReplay = { endMs: number; atMs: number; counted: boolean };

/**
 * What was replayed before, kept in a small file beside the local cloud's `endpoints.json`, or in the user's
 * state folder for any other API. It lets a repeated replay without `--end` put every event where it was the
 * first time. Without the file a repeat lands at other times under the same ids: the service refuses those as conflicts
 * for as long as it recognises ids (48 hours), and counts them again after that.
 */
export type ReplayMemory = {
  recall(idPrefix: string): Promise<PastReplay | undefined>;
  /** Remembers, replacing what was known. A file that cannot be written is a note, not an error. */
  remember(idPrefix: string, replay: PastReplay): Promise<void>;
};

type Stored = Record<string, { end: string; at: string; counted: boolean }>;

const MAX_REMEMBERED = 500;

/** The memory for one API; `connection.url` is part of every entry's key. */
export function createReplayMemory(io: Io, connection: Connection): ReplayMemory {
  const file = join(connection.localFolder ?? stateFolder(io), 'replays.json');
  const keyOf = (idPrefix: string) => `${connection.url} ${idPrefix}`;

  async function load(): Promise<Stored> {
    try {
      return JSON.parse(await readFile(file, 'utf8')) as Stored;
    } catch {
      // None yet, or not readable: as if nothing had been replayed.
      return {};
    }
  }

  return {
    async recall(idPrefix) {
      const entry = (await load())[keyOf(idPrefix)];
      const endMs = parseInstant(entry?.end ?? '');
      const atMs = parseInstant(entry?.at ?? '');
      if (endMs === undefined || atMs === undefined) return undefined;
      return { endMs, atMs, counted: entry?.counted === true };
    },
    async remember(idPrefix, { endMs, atMs, counted }) {
      const { [keyOf(idPrefix)]: _, ...others } = await load();
      const entries = Object.entries(others).slice(1 - MAX_REMEMBERED);
      const entry = { end: formatInstant(endMs), at: formatInstant(atMs), counted };
      const next: Stored = { ...Object.fromEntries(entries), [keyOf(idPrefix)]: entry };
      try {
        await mkdir(dirname(file), { recursive: true });
        const draft = `${file}.${process.pid}`;
        await writeFile(draft, `${JSON.stringify(next, null, 2)}\n`);
        await rename(draft, file);
      } catch (error) {
        note(io, `Cannot remember this replay in ${file}: ${errorMessage(error)}.`);
      }
    },
  };
}

function stateFolder(io: Io): string {
  const { XDG_STATE_HOME, HOME } = io.env;
  return join(XDG_STATE_HOME ?? join(HOME ?? io.cwd, '.local', 'state'), 'agentworks');
}
