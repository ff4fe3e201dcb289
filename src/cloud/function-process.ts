import type { HttpFunction } from '@google-cloud/functions-framework';
import { serveFunction } from './function-server.ts';
import { createPushAuthenticator, type PushAuth } from './push.ts';
import { type Redis, redisReady } from './redis.ts';

const REDIS_WAIT_MS = 2_000;
const EXIT_MS = 9_500;

/**
 * The life of a process that serves one function: waits a moment for Redis, serves, and at SIGTERM answers what is under
 * way, closes what the function needs and exits with 0. Resolves once it listens. Call it once, at the end of a main.
 */
export async function runFunction(options: {
  name: string;
  handler: HttpFunction;
  port: number;
  maxBodyBytes: number;
  /** Set when requests must carry an OIDC token. */
  pushAuth: PushAuth | undefined;
  redis: Redis;
  /** Closed last, so that what draining does is told of too. */
  telemetry: {
    log: {
      info(message: string, fields?: Record<string, unknown>): void;
      warn(message: string, fields?: Record<string, unknown>): void;
      flush(): Promise<void>;
    };
    close(): Promise<void>;
  };
  /** Closes whatever else was opened, before Redis. */
  close?: () => Promise<unknown>;
}): Promise<void> {
  const { name, handler, port, maxBodyBytes, pushAuth, redis, telemetry, close } = options;
  const { log } = telemetry;
  // With Redis from the first request on; but without it rather than not at all.
  await redisReady(redis, REDIS_WAIT_MS).catch((error: unknown) => log.warn('redis', { error }));
  const server = await serveFunction({
    name,
    handler,
    port,
    maxBodyBytes,
    authenticate: pushAuth && createPushAuthenticator(pushAuth),
    onDenied: (reason) => log.warn('push refused', { reason }),
  });
  log.info('listening', { port: server.port });
  process.once('SIGTERM', () => {
    // Cloud Run kills after ten seconds; what is left then is not worth a signal that nobody sees.
    setTimeout(() => {
      log.warn('not drained in time');
      process.exit(1);
    }, EXIT_MS).unref();
    void server
      .drain()
      .then(() => close?.())
      .then(() => redis.quit())
      .catch((error: unknown) => log.warn('drain', { error }))
      .then(() => telemetry.close())
      .finally(async () => {
        log.info('drained');
        await log.flush();
        process.exit(0);
      });
  });
}
