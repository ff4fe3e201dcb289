import rateLimit, {
  type FastifyRateLimitStore,
  type FastifyRateLimitStoreCtor,
} from '@fastify/rate-limit';
import type { Redis } from '../../src/cloud/redis.ts';
import { AppError } from '../../src/core/errors.ts';
import type { ApiApp } from './app.ts';

const WINDOW_MS = 1_000;
const SYNC_MS = 100;
const KEPT_SECONDS = 5;
const MAX_KEYS = 10_000;

type Window = {
  second: number;
  /** Requests seen here. */
  here: number;
  /** Of these, how many Redis has been told of. */
  told: number;
  /** Requests on all instances as of the last answer from Redis. */
  everywhere: number;
  nextSyncAt: number;
  syncing: boolean;
};

/**
 * Limits every key to `perSecond` requests, 429 with Retry-After beyond. Counted in this process and shared with
 * the other instances through Redis ten times a second, aside from the request: a limiter that asked Redis for
 * every request would take longer than the answer. The price: n instances together may let through what arrives
 * at the others within 100 ms. While Redis is away each instance holds the limit by itself.
 */
export async function installRateLimit(
  app: ApiApp,
  options: { redis: Redis; perSecond: number; now: () => number },
): Promise<void> {
  await app.register(rateLimit, {
    global: true,
    max: options.perSecond,
    timeWindow: WINDOW_MS,
    store: createStore(options.redis, options.now),
    skipOnError: true,
    keyGenerator: (request) => request.principal?.keyId ?? '',
    allowList: (request) => request.routeOptions.config.access?.kind === 'public',
    addHeadersOnExceeding: {
      'x-ratelimit-limit': false,
      'x-ratelimit-remaining': false,
      'x-ratelimit-reset': false,
    },
    errorResponseBuilder: () =>
      new AppError({
        code: 'rate_limited',
        message: 'Too many requests with this key; try again later.',
      }),
  });
}

function createStore(redis: Redis, now: () => number): FastifyRateLimitStoreCtor {
  const windows = new Map<string, Window>();

  async function share(key: string, window: Window): Promise<void> {
    const delta = window.here - window.told;
    window.syncing = true;
    window.nextSyncAt = now() + SYNC_MS;
    try {
      const redisKey = `rate:{${key}}:${window.second}`;
      const [count] =
        (await redis.multi().incrby(redisKey, delta).expire(redisKey, KEPT_SECONDS).exec()) ?? [];
      if (count?.[0] === null) {
        window.told += delta;
        window.everywhere = Number(count[1]);
      }
    } catch {
      // Not told is still counted here, and told again with the next sharing.
    } finally {
      window.syncing = false;
    }
  }

  return class Store implements FastifyRateLimitStore {
    incr(key: string, done: Parameters<FastifyRateLimitStore['incr']>[1]): void {
      const at = now();
      const second = Math.floor(at / WINDOW_MS);
      let window = windows.get(key);
      if (window === undefined || window.second !== second) {
        if (windows.size >= MAX_KEYS) windows.clear();
        window = {
          second,
          here: 0,
          told: 0,
          everywhere: 0,
          nextSyncAt: at + SYNC_MS,
          syncing: false,
        };
        windows.set(key, window);
      }
      window.here += 1;
      if (!window.syncing && at >= window.nextSyncAt) void share(key, window);
      const current = window.everywhere + window.here - window.told;
      done(null, { current, ttl: (second + 1) * WINDOW_MS - at });
    }

    child(): FastifyRateLimitStore {
      return this;
    }
  };
}
