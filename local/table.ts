import type { Endpoints } from './endpoints.ts';

/**
 * The addresses of a local cloud as text for a terminal, one line each, with what to try first. `elsewhere`: it is not the
 * one that the command line finds by itself, so what it has to be told stands below.
 */
export function formatTable(
  endpoints: Endpoints,
  options: { workload?: unknown; elsewhere?: boolean },
): string {
  const rows = [
    ['API', endpoints.api, 'documentation: /openapi.json'],
    ['API key', endpoints.apiKey, 'platform admin, valid until Ctrl-C'],
    ['Console', endpoints.console, 'look here first: agent runs, what they cost, logs, metrics'],
    ['Inbox', endpoints.inbox, 'mails and Slack messages as they arrive'],
    ['ingest-cost-events', endpoints.ingest, 'the function Pub/Sub pushes cost events to'],
    ['check-budgets', endpoints.checkBudgets, 'every 5 minutes: npx ax jobs run check-budgets'],
    ['deliver-alerts', endpoints.deliverAlerts, 'every minute: npx ax jobs run deliver-alerts'],
    ['detect-anomalies', endpoints.detectAnomalies, 'hourly: npx ax jobs run detect-anomalies'],
    [
      'detect-error-patterns',
      endpoints.detectErrorPatterns,
      'hourly: npx ax jobs run detect-error-patterns',
    ],
    [
      'publish-business-metrics',
      endpoints.publishBusinessMetrics,
      'hourly: npx ax jobs run publish-business-metrics',
    ],
    ['Pub/Sub', endpoints.pubsub, 'PUBSUB_EMULATOR_HOST'],
    ['Cloud Scheduler', endpoints.scheduler, 'SCHEDULER_API_ENDPOINT'],
    ['Cloud Monitoring', endpoints.monitoring, 'MONITORING_API_ENDPOINT'],
    ['Cloud Logging', endpoints.logging, 'gRPC, without TLS'],
    ['OTLP', endpoints.otlp, 'OTEL_EXPORTER_OTLP_ENDPOINT'],
    ['SMTP', endpoints.smtp, 'what the inbox takes mails by'],
    ['BigQuery', endpoints.bigquery, `${endpoints.project}.${endpoints.dataset}`],
    ['Redis', endpoints.redis, 'redis-cli -u …'],
    ['Logs', endpoints.logs, options.workload ? 'demo traffic is running' : 'no demo traffic'],
  ] as const;
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    `  ${row[0]!.padEnd(widths[0]!)}  ${row[1]!.padEnd(widths[1]!)}  ${row[2]}`;
  const exports = [
    '',
    `  export AX_API_URL=${endpoints.api}`,
    `  export AX_API_KEY=${endpoints.apiKey}`,
  ];
  const lines = [...rows.map(line), ...(options.elsewhere ? exports : [])];
  return `${lines.join('\n')}\n`;
}
