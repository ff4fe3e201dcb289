/**
 * Calls `flush` at SIGTERM. Where nobody else listens for the signal, it is raised again afterwards, so that the process
 * ends as it would have without us. Returns what takes it back.
 */
export function flushAtSigterm(flush: () => Promise<unknown>): () => void {
  const onSignal = () => {
    void flush().finally(() => {
      if (process.listenerCount('SIGTERM') > 0) return;
      process.kill(process.pid, 'SIGTERM');
    });
  };
  process.once('SIGTERM', onSignal);
  return () => void process.off('SIGTERM', onSignal);
}
