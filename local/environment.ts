import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Ports } from './ports.ts';

export const PROJECT = 'agentworks-local';
export const DATASET = 'agentworks_observability';
export const COST_EVENTS_TOPIC = 'cost-events';

/** Whose name the push tokens of the local Pub/Sub carry. */
export const PUSH_SERVICE_ACCOUNT = `pubsub-push@${PROJECT}.iam.gserviceaccount.com`;

/** What a developer may set to try a limit; production sets them the same way. */
const PASSED_ON = ['RATE_LIMIT_PER_SECOND', 'MAX_BODY_BYTES', 'DEDUPE_WINDOW_HOURS', 'TZ', 'LANG'];

export type LocalEnvironment = {
  /** For every process: enough to run, and nothing a Google client could find credentials by. */
  base: Record<string, string>;
  /** For our services: what production would set, pointing here. */
  services: Record<string, string>;
  adminKey: string;
  /** Where Pub/Sub pushes cost events to; also the audience of the push tokens. */
  pushEndpoint: string;
  emulatorHost: string;
  /** Whether Pub/Sub is our own endpoint, which signs its pushes. */
  ownPubsub: boolean;
};

/** The environments of the local processes. Makes new secrets at each call. */
export function createEnvironment(options: {
  ports: Ports;
  /** Folder of this copy's state. */
  copyDir: string;
  /** Folder shared by all copies. */
  stateDir: string;
  outer: Record<string, string | undefined>;
}): LocalEnvironment {
  const { ports, copyDir, stateDir, outer } = options;
  const emptyHome = join(copyDir, 'home');
  const ownPubsub = !outer.PUBSUB_EMULATOR_HOST;
  const emulatorHost = outer.PUBSUB_EMULATOR_HOST || `127.0.0.1:${ports.pubsub}`;
  const pushEndpoint = `http://127.0.0.1:${ports.ingest}/`;
  const adminKey = `axk_${randomBytes(32).toString('base64url')}`;

  const base: Record<string, string> = {
    PATH: outer.PATH ?? '/usr/bin:/bin',
    HOME: emptyHome,
    CLOUDSDK_CONFIG: emptyHome,
    METADATA_SERVER_DETECTION: 'none',
    NODE_COMPILE_CACHE: join(stateDir, 'compile-cache'),
  };
  for (const name of PASSED_ON) {
    const value = outer[name];
    if (value !== undefined) base[name] = value;
  }
  const services: Record<string, string> = {
    ...base,
    GOOGLE_CLOUD_PROJECT: PROJECT,
    BIGQUERY_DATASET: DATASET,
    BIGQUERY_API_ENDPOINT: `http://127.0.0.1:${ports.bigquery}`,
    PUBSUB_EMULATOR_HOST: emulatorHost,
    COST_EVENTS_TOPIC,
    REDIS_URL: `redis://127.0.0.1:${ports.redis}`,
    API_KEY_PEPPER: randomBytes(32).toString('base64url'),
  };
  if (ownPubsub) {
    services.PUSH_AUDIENCE = pushEndpoint;
    services.PUSH_SERVICE_ACCOUNT = PUSH_SERVICE_ACCOUNT;
    services.PUSH_CERTS_URL = `http://127.0.0.1:${ports.pubsubHttp}/oauth2/v1/certs`;
  }
  return { base, services, adminKey, pushEndpoint, emulatorHost, ownPubsub };
}
