import { join } from 'node:path';
import { DATASET, type LocalEnvironment, PROJECT } from './environment.ts';
import type { DescribeNode } from './node-process.ts';
import type { Ports } from './ports.ts';
import { redisProcess } from './redis.ts';
import type { ChildSpec } from './supervisor/child.ts';
import { httpProbe, type Probe, tcpProbe } from './supervisor/probes.ts';

/** What stands in for Google Cloud and its neighbours. `provision` is run again for those that forget what they have. */
export function describeCloud(options: {
  node: DescribeNode;
  ports: Ports;
  environment: LocalEnvironment;
  copyDir: string;
  /** File of the key that Pub/Sub and Cloud Scheduler sign their tokens with. */
  signingKeyFile: string;
  provision: () => Promise<void>;
}): ChildSpec[] {
  const { node, ports, environment, copyDir, signingKeyFile, provision } = options;
  const env = environment.base;
  const healthOf = (port: number) => httpProbe(`http://127.0.0.1:${port}/healthz`);

  const redis = redisProcess({ port: ports.redis, dir: join(copyDir, 'redis'), env });
  const bigquery = node('bigquery', 'local/bigquery/main.ts', {
    args: [
      ...['--port', ports.bigquery, '--project', PROJECT],
      ...['--data-file', join(copyDir, 'bigquery.duckdb')],
    ],
    env,
    isReady: healthOf(ports.bigquery),
    drainMs: 10_000,
  });
  const pubsub = node('pubsub', 'local/pubsub/main.ts', {
    args: [
      ...['--port', ports.pubsub, '--http-port', ports.pubsubHttp, '--project', PROJECT],
      ...['--signing-key', signingKeyFile],
    ],
    env,
    isReady: both(tcpProbe(ports.pubsub), healthOf(ports.pubsubHttp)),
    drainMs: 5_000,
  });
  const scheduler = node('scheduler', 'local/scheduler/main.ts', {
    args: ['--port', ports.scheduler, '--project', PROJECT, '--signing-key', signingKeyFile],
    env,
    isReady: healthOf(ports.scheduler),
    drainMs: 5_000,
  });
  const inbox = node('inbox', 'local/inbox/main.ts', {
    args: [
      ...['--port', ports.inbox, '--smtp-port', ports.smtp],
      ...['--file', join(copyDir, 'inbox.jsonl')],
    ],
    env,
    isReady: both(healthOf(ports.inbox), tcpProbe(ports.smtp)),
    drainMs: 5_000,
  });

  const telemetry = node('console', 'local/console/main.ts', {
    args: [
      ...['--port', ports.console, '--monitoring-port', ports.monitoring],
      ...['--logging-port', ports.logging, '--otlp-port', ports.otlp, '--project', PROJECT],
      ...['--bigquery', `http://127.0.0.1:${ports.bigquery}`, '--dataset', DATASET],
    ],
    env,
    isReady: healthOf(ports.console),
    drainMs: 5_000,
  });

  const provisioned = [bigquery, scheduler, ...(environment.ownPubsub ? [pubsub] : [])];
  const others = provisioned.map((spec) => ({ ...spec, afterRestart: provision }));
  // They end in the reverse order: the console writes its last log lines to BigQuery.
  return [redis, inbox, ...others, telemetry];
}

const both =
  (first: Probe, second: Probe): Probe =>
  async () =>
    (await first()) && (await second());
