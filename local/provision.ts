/*
 * Sets up what Terraform sets up in a real project: topics, subscriptions, dataset, tables and views. Run as a
 * process with the services' environment; a second run changes nothing that is right already.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { BigQuery } from '@google-cloud/bigquery';
import { type CreateSubscriptionOptions, PubSub } from '@google-cloud/pubsub';

const ALREADY_EXISTS_GRPC = 6;
const ALREADY_EXISTS_HTTP = 409;
const ACK_DEADLINE_SECONDS = 60;
const MAX_DELIVERY_ATTEMPTS = 20;

const { values } = parseArgs({
  options: {
    'push-endpoint': { type: 'string' },
    'push-service-account': { type: 'string' },
  },
});
const projectId = process.env.GOOGLE_CLOUD_PROJECT!;

try {
  await Promise.all([provisionPubsub(), provisionBigquery()]);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}

async function provisionPubsub(): Promise<void> {
  const pubsub = new PubSub({ projectId });
  const topic = process.env.COST_EVENTS_TOPIC!;
  const deadLetter = `${topic}-dead-letter`;
  await Promise.all(
    [topic, deadLetter].map((name) =>
      unlessPresent(`topic ${name}`, () => pubsub.createTopic(name)),
    ),
  );

  const pushConfig = {
    pushEndpoint: values['push-endpoint']!,
    ...(values['push-service-account'] && {
      oidcToken: {
        serviceAccountEmail: values['push-service-account'],
        audience: values['push-endpoint']!,
      },
    }),
  };
  const subscription: CreateSubscriptionOptions = {
    pushConfig,
    ackDeadlineSeconds: ACK_DEADLINE_SECONDS,
    retryPolicy: { minimumBackoff: { seconds: 1 }, maximumBackoff: { seconds: 60 } },
    deadLetterPolicy: {
      deadLetterTopic: `projects/${projectId}/topics/${deadLetter}`,
      maxDeliveryAttempts: MAX_DELIVERY_ATTEMPTS,
    },
  };
  const ingest = `${topic}-ingest`;
  const made = await unlessPresent(`subscription ${ingest}`, () =>
    pubsub.topic(topic).createSubscription(ingest, subscription),
  );
  // An emulator that outlived us may still push to where we listened last time.
  if (!made) await pubsub.subscription(ingest).modifyPushConfig(pushConfig);
  // A topic without a subscription forgets what it is sent.
  await unlessPresent(`subscription ${deadLetter}`, () =>
    pubsub.topic(deadLetter).createSubscription(deadLetter),
  );
  await pubsub.close();
}

async function provisionBigquery(): Promise<void> {
  const apiEndpoint = process.env.BIGQUERY_API_ENDPOINT!;
  const dataset = new BigQuery({ projectId, apiEndpoint }).dataset(process.env.BIGQUERY_DATASET!);
  await unlessPresent(`dataset ${dataset.id}`, () => dataset.create());
  for (const [name, text] of definitions('tables', '.json')) {
    await unlessPresent(`table ${name}`, () => dataset.createTable(name, JSON.parse(text)));
  }
  for (const [name, text] of definitions('views', '.sql')) {
    const query = text.replaceAll(`\${project}`, projectId).replaceAll(`\${dataset}`, dataset.id!);
    await unlessPresent(`view ${name}`, () =>
      dataset.createTable(name, { view: { query, useLegacySql: false } as never }),
    );
  }
}

/** Name and text of every file with `extension` in a folder of bigquery/, in alphabetical order. */
function definitions(folder: string, extension: string): [string, string][] {
  const url = new URL(`../bigquery/${folder}/`, import.meta.url);
  return readdirSync(url)
    .filter((file) => file.endsWith(extension))
    .sort()
    .map((file) => [file.slice(0, -extension.length), readFileSync(new URL(file, url), 'utf8')]);
}

/** Makes `what`; false when it was there before. */
async function unlessPresent(what: string, make: () => Promise<unknown>): Promise<boolean> {
  try {
    await make();
    return true;
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === ALREADY_EXISTS_GRPC || code === ALREADY_EXISTS_HTTP) return false;
    throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
  }
}
