import { join } from 'node:path';
import { type LocalEnvironment, PROJECT, PUSH_SERVICE_ACCOUNT } from './environment.ts';
import type { Ports } from './ports.ts';
import { redisProcess } from './redis.ts';
import type { ChildSpec } from './supervisor/child.ts';
import { httpProbe, type Probe, tcpProbe } from './supervisor/probes.ts';

export type Processes = {
  /** What must be there before anything of ours starts. */
  endpoints: ChildSpec[];
  /** Our functions and services. */
  services: ChildSpec[];
  workload: ChildSpec | undefined;
};

/** Every process of a local cloud: what is run, with which environment, and how one sees that it is ready. */
export function describeProcesses(options: {
  ports: Ports;
  environment: LocalEnvironment;
  root: string;
  copyDir: string;
  workload: boolean;
  /** Sets up topics, tables and views again. */
  provision: () => Promise<void>;
}): Processes {
  const { ports, environment, root, copyDir, provision } = options;
  const { base, services } = environment;
  const apiUrl = `http://127.0.0.1:${ports.api}`;

  const node = (
    name: string,
    script: string,
    spec: {
      args?: (string | number)[];
      env: Record<string, string>;
      isReady: Probe;
      drainMs: number;
    },
  ): ChildSpec => ({
    name,
    command: process.execPath,
    args: ['--no-warnings', join(root, script), ...(spec.args ?? []).map(String)],
    env: spec.env,
    isReady: spec.isReady,
    drainMs: spec.drainMs,
  });

  const redis = redisProcess({ port: ports.redis, dir: join(copyDir, 'redis'), env: base });
  const pubsub = node('pubsub', 'local/pubsub/main.ts', {
    args: ['--port', ports.pubsub, '--http-port', ports.pubsubHttp, '--project', PROJECT],
    env: base,
    isReady: both(
      tcpProbe(ports.pubsub),
      httpProbe(`http://127.0.0.1:${ports.pubsubHttp}/healthz`),
    ),
    drainMs: 5_000,
  });
  const dataFile = join(copyDir, 'bigquery.duckdb');
  const bigquery = node('bigquery', 'local/bigquery/main.ts', {
    args: ['--port', ports.bigquery, '--project', PROJECT, '--data-file', dataFile],
    env: base,
    isReady: httpProbe(`http://127.0.0.1:${ports.bigquery}/healthz`),
    drainMs: 10_000,
  });
  const ingest = node('ingest-cost-events', 'functions/ingest-cost-events.ts', {
    env: { ...services, PORT: String(ports.ingest) },
    isReady: httpProbe(`http://127.0.0.1:${ports.ingest}/healthz`),
    drainMs: 12_000,
  });
  const api = node('api', 'services/api/main.ts', {
    env: { ...services, PORT: String(ports.api), BOOTSTRAP_ADMIN_KEY: environment.adminKey },
    isReady: httpProbe(`${apiUrl}/readyz`),
    drainMs: 12_000,
  });
  const workload = node('workload', 'local/workload/main.ts', {
    env: { ...base, AX_API_URL: apiUrl, AX_API_KEY: environment.adminKey },
    isReady: async () => true,
    drainMs: 5_000,
  });

  const cloud = environment.ownPubsub ? [redis, bigquery, pubsub] : [redis, bigquery];
  return {
    endpoints: cloud.map((spec) => (spec === redis ? spec : { ...spec, afterRestart: provision })),
    services: [ingest, api],
    workload: options.workload ? workload : undefined,
  };
}

/** Where the push subscription sends cost events and, with our own Pub/Sub, who signs for them. */
export function provisionArguments(environment: LocalEnvironment): string[] {
  const signer = environment.ownPubsub ? ['--push-service-account', PUSH_SERVICE_ACCOUNT] : [];
  return ['--push-endpoint', environment.pushEndpoint, ...signer];
}

const both =
  (first: Probe, second: Probe): Probe =>
  async () =>
    (await first()) && (await second());
