import type { HttpFunction } from '@google-cloud/functions-framework';
import { createSend } from '../src/alerts/channels/send.ts';
import { createDelivery, type Delivery } from '../src/alerts/deliver.ts';
import type { DeliveryReport } from '../src/alerts/drain.ts';
import { createRetries, type Retries } from '../src/alerts/retries.ts';
import { listChannels } from '../src/alerts/routing.ts';
import { createWarehouse } from '../src/cloud/bigquery.ts';
import { runFunction } from '../src/cloud/function-process.ts';
import { createMailer } from '../src/cloud/mail.ts';
import { parsePush } from '../src/cloud/push.ts';
import { createRedis } from '../src/cloud/redis.ts';
import { createSecrets } from '../src/cloud/secrets.ts';
import { createSlackPost } from '../src/cloud/slack.ts';
import { createWebhookPost } from '../src/cloud/webhook.ts';
import { readConfig } from '../src/core/config.ts';
import { AppError } from '../src/core/errors.ts';
import { startTelemetry } from '../src/sdk/start.ts';
import { createSettings } from '../src/settings/settings.ts';
import type { Logger } from '../src/telemetry/logging.ts';

const JOB = 'deliver-alerts';
/** Pub/Sub's largest message in base64, and what is around it. */
const MAX_PUSH_BYTES = 14 * 2 ** 20;

/**
 * Takes pushes of the topic `alerts`: 204 once every delivery has ended or waits in the ledger's queue to be tried again
 * here, 503 when it could not even be queued. And the scheduler's `{"job":"deliver-alerts"}`: 200 with what was found, 503 when something failed.
 */
export function createHandler(
  delivery: Pick<Delivery, 'deliver' | 'drain'>,
  retries: Pick<Retries, 'later'>,
  log: Logger,
): HttpFunction {
  return async (request, response) => {
    const message = parsePush(request.body);
    const { job } = (request.body ?? {}) as { job?: unknown };
    if (message === undefined && job !== JOB) {
      response.status(400).send('The body is neither a Pub/Sub push request nor this job');
      return;
    }
    try {
      if (message === undefined) {
        const report = await delivery.drain();
        response.status(report.failed.length === 0 ? 200 : 503).json(report);
        return;
      }
      const outcome = await delivery.deliver(message);
      if (outcome.kind === 'waiting') retries.later(message, outcome.nextAttemptAtMs);
      response.status(204).end();
    } catch (error) {
      log.error('alerts not delivered', { messageId: message?.messageId, error });
      response.status(error instanceof AppError && error.retryable ? 503 : 500).end();
    }
  };
}

/** What is worth a line; `delivery parked` is what an alert policy looks for. */
export function logReport(log: Logger, report: DeliveryReport): void {
  const { kind, ...fields } = report;
  if (kind === 'malformed') log.error('alert malformed', fields);
  else if (kind === 'stale') log.warn('alert too old', fields);
  else if (kind === 'workspace-failed') log.error('alerts of a workspace not delivered', fields);
  else if (kind === 'parked') log.error('delivery parked', fields);
  else if (kind === 'failed' || kind === 'ambiguous') log.warn(`delivery ${kind}`, fields);
  else if (kind === 'sent' && report.detail !== undefined)
    log.warn('delivery sent in part', fields);
  else log.info(`delivery ${kind}`, fields);
}

async function main(): Promise<void> {
  const config = readConfig(process.env, ['redisUrl']);
  const telemetry = startTelemetry({ service: JOB, onSigterm: 'none' });
  const { log } = telemetry;
  const { projectId, dataset, bigqueryEndpoint, pushAuth, slackHosts } = config;
  const now = Date.now;
  const warehouse = createWarehouse({ projectId, dataset, apiEndpoint: bigqueryEndpoint });
  const redis = createRedis({
    url: config.redisUrl,
    onError: (error) => log.warn('redis connection', { error: error.message }),
  });
  const settings = createSettings({ warehouse, redis, now });
  const delivery = createDelivery({
    redis,
    warehouse,
    channels: (workspaceId) => listChannels(settings, workspaceId),
    send: createSend({
      mail: createMailer({ smtpUrl: config.smtpUrl, from: config.mailFrom }),
      slack: createSlackPost({ slackHosts, now }),
      webhook: createWebhookPost({ allowLoopback: config.allowLoopbackWebhooks, now }),
      secrets: createSecrets({ projectId, fromEnvironment: config.secretsFromEnvironment, now }),
      now,
    }),
    onReport: (report) => logReport(log, report),
    now,
  });

  redis.on('ready', () => {
    // Without it the next delivery marks it.
    delivery.markMemory().catch((error: unknown) => log.warn('redis memory', { error }));
  });

  const retries = createRetries({
    deliver: delivery.deliver,
    onError: (error, { messageId }) => log.warn('left to the schedule', { messageId, error }),
    now,
  });
  await runFunction({
    name: JOB,
    handler: createHandler(delivery, retries, log),
    port: config.port,
    maxBodyBytes: MAX_PUSH_BYTES,
    pushAuth,
    redis,
    telemetry,
    close: () => retries.close(),
  });
}

if (import.meta.main) await main();
