import { type CloudProfilerPackage, loadCloudProfiler } from '../../cloud/cloud-profiler.ts';
import type { Logger } from '../logging.ts';

/** Whether Cloud Profiler runs, and if not, why. */
export type CloudProfilerStart =
  | { kind: 'started' }
  | { kind: 'off'; reason: 'not-configured' | 'not-installed' | 'failed' };

/**
 * Starts Google's Cloud Profiler where the configuration asks for it. The package is no dependency, because it is built
 * from C++ when it is installed: where it is missing, or does not start, a warning says so and the process goes on. Never
 * rejects. Call it once.
 */
export async function startCloudProfiler(options: {
  enabled: boolean;
  service: string;
  version?: string;
  projectId?: string;
  log: Pick<Logger, 'info' | 'warn'>;
  load?: () => Promise<CloudProfilerPackage | undefined>;
}): Promise<CloudProfilerStart> {
  const { enabled, service, version, projectId, log, load = loadCloudProfiler } = options;
  if (!enabled) return { kind: 'off', reason: 'not-configured' };
  try {
    const profiler = await load();
    if (profiler === undefined) {
      log.warn(
        'CLOUD_PROFILER=yes, but @google-cloud/profiler is not installed: build the image with --build-arg CLOUD_PROFILER=yes',
      );
      return { kind: 'off', reason: 'not-installed' };
    }
    await profiler.start({ projectId, serviceContext: { service, version } });
    log.info('Cloud Profiler started', { service, version });
    return { kind: 'started' };
  } catch (error) {
    log.warn('Cloud Profiler did not start', { error });
    return { kind: 'off', reason: 'failed' };
  }
}
