import { createServer } from 'node:net';

export type Ports = {
  api: number;
  ingest: number;
  checkBudgets: number;
  deliverAlerts: number;
  detectAnomalies: number;
  detectErrorPatterns: number;
  publishBusinessMetrics: number;
  pubsub: number;
  pubsubHttp: number;
  bigquery: number;
  redis: number;
  inbox: number;
  smtp: number;
  scheduler: number;
  monitoring: number;
  logging: number;
  otlp: number;
  console: number;
};

/** The ports of a local cloud whose API listens on `base`. */
export function portsFrom(base: number): Ports {
  return {
    api: base,
    ingest: base + 10,
    checkBudgets: base + 11,
    deliverAlerts: base + 12,
    detectAnomalies: base + 13,
    detectErrorPatterns: base + 14,
    publishBusinessMetrics: base + 15,
    pubsub: base + 20,
    pubsubHttp: base + 21,
    bigquery: base + 30,
    redis: base + 40,
    inbox: base + 50,
    smtp: base + 51,
    scheduler: base + 60,
    monitoring: base + 70,
    logging: base + 71,
    otlp: base + 72,
    console: base + 73,
  };
}

/** Those of `ports` that another process listens on now, with the name of what would have used them. */
export async function takenPorts(ports: Partial<Ports>): Promise<{ name: string; port: number }[]> {
  const all = Object.entries(ports).map(async ([name, port]) => ({
    name,
    port,
    free: await isFree(port),
  }));
  return (await Promise.all(all))
    .filter(({ free }) => !free)
    .map(({ name, port }) => ({ name, port }));
}

/** The next base, in steps of 100, whose ports are all free; undefined when there is none. */
export async function nextFreeBase(base: number): Promise<number | undefined> {
  for (let next = base + 100; next < 65_000; next += 100) {
    if ((await takenPorts(portsFrom(next))).length === 0) return next;
  }
  return undefined;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(true)));
  });
}
