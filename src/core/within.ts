/**
 * Resolves with the work, or when the time is over, whatever becomes of the work then. Keeps the process alive meanwhile:
 * what somebody waits for must not be cut short by an empty event loop. Rejects when the work does in time.
 */
export async function within(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  await Promise.race([work, promise]).finally(() => clearTimeout(timer));
}
