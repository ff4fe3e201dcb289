import type { Logger } from '../logging.ts';
import type { ProfileOutcome, Profiler } from './profiler.ts';

const CPU_SECONDS = 30;
const HEAP_SECONDS = 10;

/**
 * Makes SIGUSR2 write a CPU profile of 30 s and a heap profile of 10 s after it to the profiler's folder, and log where they
 * are (SIGUSR1 is Node's own and would open its inspector's port). While one is under way a second signal is answered with
 * a line saying so. Returns what takes it back.
 */
export function installProfileSignal(
  profiler: Profiler,
  options: {
    log: Pick<Logger, 'info' | 'warn' | 'error'>;
    cpuSeconds?: number;
    heapSeconds?: number;
  },
): () => void {
  const { log, cpuSeconds = CPU_SECONDS, heapSeconds = HEAP_SECONDS } = options;

  async function save(outcome: ProfileOutcome): Promise<string | undefined> {
    if (outcome.kind === 'profile') return profiler.save(outcome.profile);
    log.warn('no profile', { ...outcome });
    return undefined;
  }

  async function profile(): Promise<void> {
    const cpu = await save(await profiler.profileCpu({ seconds: cpuSeconds }));
    if (cpu === undefined) return;
    const heap = await save(await profiler.profileHeap({ seconds: heapSeconds }));
    log.info('profiles written', { files: heap === undefined ? [cpu] : [cpu, heap] });
  }

  const onSignal = () => {
    profile().catch((error: unknown) => log.error('no profile', { error }));
  };
  process.on('SIGUSR2', onSignal);
  return () => void process.off('SIGUSR2', onSignal);
}
