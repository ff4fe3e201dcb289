/**
 * Runs a task once for all who ask for the same key while it is under way; they share its outcome, failures too.
 * Nothing is kept: whoever asks after the end starts anew.
 */
export function createSingleFlight<T>() {
  const underWay = new Map<string, Promise<T>>();
  return (key: string, task: () => Promise<T>): Promise<T> => {
    const known = underWay.get(key);
    if (known !== undefined) return known;
    const started = task().finally(() => underWay.delete(key));
    underWay.set(key, started);
    return started;
  };
}
