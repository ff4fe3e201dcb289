import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DATASET, type LocalEnvironment, PROJECT } from './environment.ts';
import type { Ports } from './ports.ts';

/** What a running local cloud tells whoever wants to use it. */
export type Endpoints = {
  api: string;
  /** A platform admin's key, new at every start. */
  apiKey: string;
  ingest: string;
  checkBudgets: string;
  deliverAlerts: string;
  detectAnomalies: string;
  detectErrorPatterns: string;
  publishBusinessMetrics: string;
  /** host:port, as in PUBSUB_EMULATOR_HOST. */
  pubsub: string;
  /** Certificates of the push tokens; absent when another emulator is used. */
  pubsubHttp?: string;
  bigquery: string;
  redis: string;
  /** The page of what was sent; `/messages.json` holds the same. */
  inbox: string;
  /** host:port of the inbox's mail server. */
  smtp: string;
  scheduler: string;
  /** The page of metrics, traces and logs. */
  console: string;
  /** host:port of Cloud Monitoring and Cloud Logging, gRPC without TLS. */
  monitoring: string;
  logging: string;
  /** Base URL that OTLP is posted under. */
  otlp: string;
  project: string;
  dataset: string;
  logs: string;
  /** Process ids by name, `supervisor` last. */
  pids: Record<string, number>;
};

/** The addresses of a local cloud whose processes have the ids `pids`. */
export function describeEndpoints(options: {
  ports: Ports;
  environment: LocalEnvironment;
  logDir: string;
  pids: Record<string, number>;
}): Endpoints {
  const { ports, environment, logDir, pids } = options;
  const at = (port: number) => `http://127.0.0.1:${port}`;
  return {
    api: at(ports.api),
    apiKey: environment.adminKey,
    ingest: at(ports.ingest),
    checkBudgets: at(ports.checkBudgets),
    deliverAlerts: at(ports.deliverAlerts),
    detectAnomalies: at(ports.detectAnomalies),
    detectErrorPatterns: at(ports.detectErrorPatterns),
    publishBusinessMetrics: at(ports.publishBusinessMetrics),
    console: at(ports.console),
    monitoring: `127.0.0.1:${ports.monitoring}`,
    logging: `127.0.0.1:${ports.logging}`,
    otlp: at(ports.otlp),
    inbox: at(ports.inbox),
    smtp: `127.0.0.1:${ports.smtp}`,
    pubsub: environment.emulatorHost,
    ...(environment.ownPubsub && { pubsubHttp: at(ports.pubsubHttp) }),
    scheduler: at(ports.scheduler),
    bigquery: at(ports.bigquery),
    redis: `redis://127.0.0.1:${ports.redis}`,
    project: PROJECT,
    dataset: DATASET,
    logs: logDir,
    pids,
  };
}

export type EndpointFiles = ReturnType<typeof createEndpointFiles>;

/**
 * The files that say where a local cloud is: `<stateDir>/<portBase>/endpoints.json` for this copy, and
 * `<stateDir>/endpoints.json`, which belongs to the copy started last. Readable by their owner only, because they
 * hold a key; replaced in one step, so that a reader never sees half of one.
 */
export function createEndpointFiles(options: { stateDir: string; portBase: number }) {
  const { stateDir, portBase } = options;
  const own = join(stateDir, String(portBase), 'endpoints.json');
  const shared = join(stateDir, 'endpoints.json');

  return {
    own,
    shared,
    /** Writes both files and takes over the shared one. */
    publish(endpoints: Endpoints): void {
      for (const file of [own, shared]) write(file, endpoints);
    },
    /** Writes again after a change; the shared file only while it is this copy's. */
    update(endpoints: Endpoints): void {
      write(own, endpoints);
      if (supervisorOf(shared) === endpoints.pids.supervisor) write(shared, endpoints);
    },
    /** Removes both; the shared file goes to another running copy if there is one. A second call is harmless. */
    withdraw(supervisorPid: number): void {
      rmSync(own, { force: true });
      if (supervisorOf(shared) !== supervisorPid) return;
      const heir = otherCopies(stateDir).find((copy) => isAlive(copy.pids.supervisor));
      if (heir) write(shared, heir);
      else rmSync(shared, { force: true });
    },
  };
}

function write(file: string, endpoints: Endpoints): void {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(endpoints, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
}

function read(file: string): Endpoints | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Endpoints;
  } catch {
    return undefined;
  }
}

const supervisorOf = (file: string): number | undefined => read(file)?.pids.supervisor;

function otherCopies(stateDir: string): Endpoints[] {
  return readdirSync(stateDir)
    .filter((name) => /^\d+$/.test(name))
    .map((name) => read(join(stateDir, name, 'endpoints.json')))
    .filter((copy) => copy !== undefined);
}

function isAlive(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
