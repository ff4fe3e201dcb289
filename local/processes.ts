import { describeCloud } from './cloud-processes.ts';
import {
  DEMO_SERVICE,
  type FunctionName,
  type LocalEnvironment,
  PUSH_SERVICE_ACCOUNT,
} from './environment.ts';
import { describeNodeIn } from './node-process.ts';
import type { WorkloadOptions } from './options.mjs';
import type { Ports } from './ports.ts';
import type { ChildSpec } from './supervisor/child.ts';
import { httpProbe } from './supervisor/probes.ts';

export type Processes = {
  /** What must be there before anything of ours starts. */
  endpoints: ChildSpec[];
  /** Our functions and services. */
  services: ChildSpec[];
  /** The demo agents; empty when none are wanted. */
  workload: ChildSpec[];
};

/** Every process of a local cloud: what is run, with which environment, and how one sees that it is ready. */
export function describeProcesses(options: {
  ports: Ports;
  environment: LocalEnvironment;
  root: string;
  copyDir: string;
  signingKeyFile: string;
  workload: WorkloadOptions | undefined;
  /** Sets up topics, jobs, tables and views again. */
  provision: () => Promise<void>;
}): Processes {
  const { ports, environment, root } = options;
  const node = describeNodeIn(root);

  const functionProcess = (name: string, key: FunctionName) => {
    const { url, env } = environment.functions[key];
    const isReady = httpProbe(new URL('/healthz', url).href);
    return node(name, `functions/${name}.ts`, { env, isReady, drainMs: 30_000 });
  };
  const api = node('api', 'services/api/main.ts', {
    env: environment.api,
    isReady: httpProbe(`http://127.0.0.1:${ports.api}/readyz`),
    drainMs: 30_000,
  });
  const describeWorkload = ({ rate, instances }: WorkloadOptions) =>
    Array.from({ length: instances }, (_, i) =>
      node(instances === 1 ? 'workload' : `workload-${i + 1}`, 'local/workload/main.ts', {
        args: ['--rate', rate / instances, '--instance', i + 1],
        env: environment.workload,
        isReady: async () => true,
        drainMs: 30_000,
        // A model or a tool fails now and then, so that there is something to look at.
        failsOnPurpose: true,
      }),
    );

  return {
    endpoints: describeCloud({ node, ...options }),
    services: [
      functionProcess('ingest-cost-events', 'ingest'),
      functionProcess('check-budgets', 'checkBudgets'),
      functionProcess('deliver-alerts', 'deliverAlerts'),
      functionProcess('detect-anomalies', 'detectAnomalies'),
      functionProcess('detect-error-patterns', 'detectErrorPatterns'),
      functionProcess('publish-business-metrics', 'publishBusinessMetrics'),
      api,
    ],
    workload: options.workload === undefined ? [] : describeWorkload(options.workload),
  };
}

/** Where functions are called and, with our own Pub/Sub, in whose name. */
export function provisionArguments({ functions, ownPubsub }: LocalEnvironment): string[] {
  return [
    ...['--ingest', functions.ingest.url],
    ...['--check-budgets', functions.checkBudgets.url],
    ...['--deliver-alerts', functions.deliverAlerts.url],
    ...['--detect-anomalies', functions.detectAnomalies.url],
    ...['--detect-error-patterns', functions.detectErrorPatterns.url],
    ...['--publish-business-metrics', functions.publishBusinessMetrics.url],
    ...(ownPubsub ? ['--push-service-account', PUSH_SERVICE_ACCOUNT] : []),
  ];
}

/** Which Cloud Run service a process stands for: its log lines are that service's. */
export function cloudRunServiceOf(processName: string): { service: string } {
  return { service: processName.startsWith('workload') ? DEMO_SERVICE : processName };
}
