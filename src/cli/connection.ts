import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { invalidInput } from './exit.ts';
import type { Io } from './io.ts';
import type { ConnectionOptions } from './options.ts';

/** Which API to talk to and as whom. `source` says, for people, where the address was found. */
export type Connection = {
  url: string;
  key: string;
  source: string;
  /** The `.local` folder of the running local cloud, when the address came from there. */
  localFolder?: string;
};

type LocalCloud = { url: string; key: string; folder: string };

/**
 * Finds the API: `--api` and `--key`, else AX_API_URL and AX_API_KEY, else the `.local/endpoints.json` of a
 * running local cloud, upward from the current folder and then beside the package. The local cloud's key is
 * only ever sent to the local cloud's own address. Throws `no_api` with what to do.
 */
export async function findConnection(io: Io, options: ConnectionOptions): Promise<Connection> {
  const local = await findLocalCloud(io);
  const given = options.api ?? nonEmpty(io.env.AX_API_URL);
  const url = given?.replace(/\/+$/, '') ?? local?.url;
  if (url === undefined) {
    throw new AppError({
      code: 'no_api',
      message:
        'No API to talk to. Start the local cloud with `npm start`, or set AX_API_URL and AX_API_KEY ' +
        '(or give --api and --key).',
    });
  }
  const source = options.api ? '--api' : given ? 'AX_API_URL' : `${local?.folder}/endpoints.json`;
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) {
    throw invalidInput(`${source} must be an http or https URL, not ${JSON.stringify(url)}.`);
  }
  const isLocal = url === local?.url;
  const key = options.key ?? nonEmpty(io.env.AX_API_KEY) ?? (isLocal ? local.key : undefined);
  if (key === undefined) {
    throw new AppError({
      code: 'no_api',
      message: `No API key for ${url}. Set AX_API_KEY or give --key (ax keys create makes one).`,
    });
  }
  return { url, key, source, localFolder: isLocal ? local.folder : undefined };
}

async function findLocalCloud(io: Io): Promise<LocalCloud | undefined> {
  for (const start of [io.cwd, io.packageRoot]) {
    for (let folder = start; ; folder = dirname(folder)) {
      const found = await readEndpoints(join(folder, '.local'));
      if (found !== undefined) return found;
      if (dirname(folder) === folder) break;
    }
  }
  return undefined;
}

async function readEndpoints(folder: string): Promise<LocalCloud | undefined> {
  try {
    const text = await readFile(join(folder, 'endpoints.json'), 'utf8');
    const { api, apiKey } = JSON.parse(text) as { api?: unknown; apiKey?: unknown };
    if (typeof api !== 'string' || typeof apiKey !== 'string') return undefined;
    return { url: api.replace(/\/+$/, ''), key: apiKey, folder };
  } catch {
    // Not there, or being written just now: either way no cloud is running from this folder.
    return undefined;
  }
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === '' ? undefined : text.trim();
}
