import { mkdir, writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { formatInstant } from '../../core/time.ts';
import type { Logger } from '../logging.ts';

export const PROFILE_TYPES = ['cpu', 'heap'] as const;
export type ProfileType = (typeof PROFILE_TYPES)[number];

/** The longest profile; it also bounds how much memory one takes. */
export const MAX_PROFILE_SECONDS = 60;

/** A finished profile in the format of Chrome's developer tools, which open it by its file name's ending. */
export type Profile = {
  type: ProfileType;
  /** `<service>-<time>-<pid>.cpuprofile` or `.heapprofile`. */
  fileName: string;
  json: string;
};

/** `busy`: another profile is under way until about `until` (epoch ms). `closed`: the process is ending. */
export type ProfileOutcome =
  | { kind: 'profile'; profile: Profile }
  | { kind: 'refused'; reason: 'busy'; until: number }
  | { kind: 'refused'; reason: 'closed' };

export type Profiler = {
  /** Where the CPU's time goes: a stack every millisecond. Default 10 s. */
  profileCpu(options?: { seconds?: number }): Promise<ProfileOutcome>;
  /** Who allocates what is kept: allocations made meanwhile that are alive at the end, sampled every 32 KiB. Default 10 s. */
  profileHeap(options?: { seconds?: number }): Promise<ProfileOutcome>;
  /** Writes a profile to the folder and returns its path; rejects where it cannot. */
  save(profile: Profile): Promise<string>;
  /** Ends a profile under way at once, with what it has. Afterwards there are no more. */
  close(): void;
};

const DEFAULT_SECONDS = 10;
const CPU_INTERVAL_US = 1_000;
const HEAP_INTERVAL_BYTES = 32_768;

/**
 * Profiles this process through its own inspector, without opening a port, one at a time. Seconds beyond 0 to 60 are
 * refused with `invalid_argument`. While it runs a CPU profile costs a few percent of CPU, a heap profile less.
 */
export function createProfiler(options: {
  service: string;
  /** Where `save` writes; made when it is missing. */
  dir: string;
  /** Epoch milliseconds. */
  now: () => number;
  log: Pick<Logger, 'info'>;
}): Profiler {
  const { service, dir, now, log } = options;
  const closing = new AbortController();
  let busyUntil: number | undefined;

  async function profile(type: ProfileType, seconds = DEFAULT_SECONDS): Promise<ProfileOutcome> {
    requireSeconds(seconds);
    if (closing.signal.aborted) return { kind: 'refused', reason: 'closed' };
    if (busyUntil !== undefined) return { kind: 'refused', reason: 'busy', until: busyUntil };
    const startedAt = now();
    busyUntil = startedAt + seconds * 1_000;
    log.info('profile started', { type, seconds });
    const session = new Session();
    try {
      session.connect();
      const wait = () => pause(seconds * 1_000, closing.signal);
      const content = await (type === 'cpu' ? recordCpu(session, wait) : recordHeap(session, wait));
      const time = formatInstant(startedAt).replaceAll(/[:.]/g, '-');
      const name = service.replaceAll(/[^A-Za-z0-9_-]/g, '_');
      const fileName = `${name}-${time}-${process.pid}.${type}profile`;
      return { kind: 'profile', profile: { type, fileName, json: JSON.stringify(content) } };
    } finally {
      session.disconnect();
      busyUntil = undefined;
    }
  }

  return {
    profileCpu: (request = {}) => profile('cpu', request.seconds),
    profileHeap: (request = {}) => profile('heap', request.seconds),
    async save({ fileName, json }) {
      await mkdir(dir, { recursive: true });
      const path = join(dir, fileName);
      // Function names and paths of the service: for its operator only.
      await writeFile(path, json, { mode: 0o600 });
      return path;
    },
    close: () => closing.abort(),
  };
}

async function recordCpu(session: Session, wait: () => Promise<void>): Promise<unknown> {
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: CPU_INTERVAL_US });
  await session.post('Profiler.start');
  await wait();
  const { profile } = await session.post('Profiler.stop');
  await session.post('Profiler.disable');
  return profile;
}

async function recordHeap(session: Session, wait: () => Promise<void>): Promise<unknown> {
  const samplingInterval = HEAP_INTERVAL_BYTES;
  await session.post('HeapProfiler.startSampling', { samplingInterval });
  await wait();
  const { profile } = await session.post('HeapProfiler.stopSampling');
  return profile;
}

/** Ends early when the signal is given, or was before. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}

function requireSeconds(seconds: number): void {
  if (seconds > 0 && seconds <= MAX_PROFILE_SECONDS) return;
  const details = [
    { field: 'seconds', reason: `must be more than 0 and at most ${MAX_PROFILE_SECONDS}` },
  ];
  throw new AppError({ code: 'invalid_argument', message: 'Not a profile’s duration', details });
}
