/** The part of `@google-cloud/profiler` that is used. */
export type CloudProfilerPackage = {
  start(config: {
    projectId?: string;
    serviceContext: { service: string; version?: string };
  }): Promise<void>;
};

/** Not a literal, because it is only there in images that were built with it. */
const PACKAGE: string = '@google-cloud/profiler';

/** Google's profiler, or undefined where it is not installed; rejects where it is and cannot be loaded. */
export async function loadCloudProfiler(): Promise<CloudProfilerPackage | undefined> {
  try {
    return (await import(PACKAGE)) as CloudProfilerPackage;
  } catch (error) {
    const { code } = error as { code?: unknown };
    const isAbsent = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
    if (isAbsent && String(error).includes(PACKAGE)) return undefined;
    throw error;
  }
}
