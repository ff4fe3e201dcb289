import { setTimeout as sleep } from 'node:timers/promises';

const RETRY_MS = 500;

/**
 * A key that can do nothing but report costs, for the whole platform; tries until the API answers. Undefined when told to
 * stop meanwhile.
 */
export async function createIngestKey(options: {
  apiUrl: string;
  adminKey: string;
  signal: AbortSignal;
  /** Told why it has to be tried again. */
  onRetry: (reason: string) => void;
}): Promise<string | undefined> {
  const { apiUrl, adminKey, signal, onRetry } = options;
  while (!signal.aborted) {
    try {
      const response = await fetch(`${apiUrl}/v1/keys`, {
        method: 'POST',
        headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'demo agents', role: 'ingest' }),
        signal,
      });
      if (response.status === 201) return ((await response.json()) as { key: string }).key;
      onRetry(`${response.status} ${await response.text()}`);
    } catch (error) {
      onRetry((error as Error).message);
    }
    await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
  }
  return undefined;
}
