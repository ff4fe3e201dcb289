import { Redis } from 'ioredis';

export type { Redis } from 'ioredis';

const COMMAND_TIMEOUT_MS = 5_000;
const MAX_RECONNECT_DELAY_MS = 1_000;

/**
 * A Redis client that fails fast and never repeats a command behind our back: a lost reply is an error for the
 * caller to handle, because a resent HINCRBY would count twice. It reconnects for ever in the background;
 * commands given while it is not connected are refused at once. Numbers arrive as strings, so that counters
 * beyond 2^53 stay exact.
 */
export function createRedis(options: { url: string; onError?: (error: Error) => void }): Redis {
  const redis = new Redis(options.url, {
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    enableAutoPipelining: false,
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: COMMAND_TIMEOUT_MS,
    stringNumbers: true,
    retryStrategy: (attempt) => Math.min(50 * attempt, MAX_RECONNECT_DELAY_MS),
    // A promoted replica: reconnect to find the new primary, let the caller see the error.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  });
  redis.on('error', options.onError ?? (() => {}));
  return redis;
}

/** Resolves when the client can take commands; rejects after `timeoutMs`. */
export async function redisReady(redis: Redis, timeoutMs: number): Promise<void> {
  if (redis.status === 'ready') return;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      redis.off('ready', onReady);
      reject(new Error(`Redis was not ready within ${timeoutMs} ms`));
    }, timeoutMs);
    const onReady = () => {
      clearTimeout(timer);
      resolve();
    };
    redis.once('ready', onReady);
  });
}
