/*
 * Sets up what Terraform sets up in a real project: topics, subscriptions, scheduled jobs, dataset, tables and views.
 * Run as a process with the services' environment; a second run changes nothing that is right already.
 */
import { parseArgs } from 'node:util';
import { provisionBigquery } from './provision/bigquery.ts';
import { provisionPubsub } from './provision/pubsub.ts';
import { provisionScheduler } from './provision/scheduler.ts';

const { values } = parseArgs({
  options: {
    ingest: { type: 'string' },
    'check-budgets': { type: 'string' },
    'deliver-alerts': { type: 'string' },
    'detect-anomalies': { type: 'string' },
    'detect-error-patterns': { type: 'string' },
    'publish-business-metrics': { type: 'string' },
    'push-service-account': { type: 'string' },
  },
});
const env = process.env as Record<string, string>;
const projectId = env.GOOGLE_CLOUD_PROJECT!;
const serviceAccount = values['push-service-account'];
const topics = [
  {
    topic: env.COST_EVENTS_TOPIC!,
    subscription: `${env.COST_EVENTS_TOPIC}-ingest`,
    pushEndpoint: values.ingest!,
    maximumBackoffSeconds: 60,
  },
  {
    topic: env.BUDGET_CHECKS_TOPIC!,
    subscription: `${env.BUDGET_CHECKS_TOPIC}-check`,
    pushEndpoint: values['check-budgets']!,
    maximumBackoffSeconds: 60,
  },
  {
    topic: env.ALERTS_TOPIC!,
    subscription: `${env.ALERTS_TOPIC}-deliver`,
    pushEndpoint: values['deliver-alerts']!,
    maximumBackoffSeconds: 10,
  },
];
const jobs = [
  {
    id: 'check-budgets',
    description: 'Goes over all budgets and finds what no event has told of, spikes among it',
    schedule: '*/5 * * * *',
    uri: values['check-budgets']!,
  },
  {
    id: 'deliver-alerts',
    description: 'Sends what is left of alerts that could not be delivered',
    schedule: '* * * * *',
    uri: values['deliver-alerts']!,
  },
  {
    id: 'detect-anomalies',
    description: 'Judges the last complete hour of costs, log volumes and metrics',
    schedule: '7 * * * *',
    uri: values['detect-anomalies']!,
  },
  {
    id: 'weekly-insights',
    description: 'Tells workspaces whose channels ask for it what the week showed',
    schedule: '37 6 * * 1',
    uri: values['detect-anomalies']!,
  },
  {
    id: 'detect-error-patterns',
    description: 'Looks for errors that are new or become more',
    schedule: '12 * * * *',
    uri: values['detect-error-patterns']!,
  },
  {
    id: 'publish-business-metrics',
    description: 'Publishes the KPIs of the platform as gauges',
    schedule: '17 * * * *',
    uri: values['publish-business-metrics']!,
  },
];

try {
  await Promise.all([
    provisionPubsub({ projectId, serviceAccount, topics }),
    provisionBigquery({
      projectId,
      apiEndpoint: env.BIGQUERY_API_ENDPOINT!,
      dataset: env.BIGQUERY_DATASET!,
    }),
    provisionScheduler({
      projectId,
      location: env.SCHEDULER_LOCATION!,
      apiEndpoint: env.SCHEDULER_API_ENDPOINT!,
      serviceAccount,
      jobs,
    }),
  ]);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}
