import { describe, expect, test } from '@jest/globals';
import { createEnvironment } from '../../../local/environment.ts';
import { portsFrom } from '../../../local/ports.ts';
import { readConfig } from '../../../src/core/config.ts';
import { readTelemetryConfig } from '../../../src/core/telemetry-config.ts';

const environmentWith = (outer: Record<string, string> = {}) =>
  createEnvironment({ ports: portsFrom(9000), copyDir: '/c', stateDir: '/s', outer });
const deliveryWith = (outer: Record<string, string> = {}) =>
  environmentWith(outer).functions.deliverAlerts.env;
const INBOX_WEBHOOK = 'http://127.0.0.1:9050/services/T0000/B0000/local';

describe('the environments of the local processes', () => {
  test('are ones our configuration reads', () => {
    const { api, functions } = environmentWith();
    for (const env of [api, ...Object.values(functions).map((it) => it.env)]) {
      const config = readConfig(env, ['redisUrl', 'apiKeyPepper']);
      expect(config.schedulerEndpoint).toBe('http://127.0.0.1:9060');
      expect(config.slackHosts).toContain('127.0.0.1:9050');
      expect(config.allowLoopbackWebhooks).toBe(true);
    }
    const delivery = readConfig(functions.deliverAlerts.env);
    expect(delivery).toMatchObject({
      smtpUrl: 'smtp://127.0.0.1:9051',
      mailFrom: 'alerts@agentworks.example',
      port: 9012,
    });
    expect(delivery.secretsFromEnvironment!('SLACK_WEBHOOK')).toBe(INBOX_WEBHOOK);
    expect(delivery.secretsFromEnvironment!('API_KEY_PEPPER')).toBeUndefined();
  });

  test('send metrics to the local Cloud Monitoring and traces by OTLP', () => {
    const { api, functions, workload } = environmentWith();
    const all = [api, workload, ...Object.values(functions).map((it) => it.env)];
    const configs = all.map((env) => readTelemetryConfig(env));
    for (const config of configs) {
      expect(config).toMatchObject({
        projectId: 'agentworks-local',
        environmentName: 'local',
        metricsExporter: 'cloud-monitoring',
        monitoringEndpoint: '127.0.0.1:9070',
        metricIntervalMs: 10_000,
        tracesExporter: 'otlp',
        otlpEndpoint: 'http://127.0.0.1:9072',
        cpuThrottled: false,
        profileDir: '/c/profiles',
      });
    }
    // With it Google's clients would ask a metadata server for credentials.
    for (const env of all) expect(env).not.toHaveProperty('K_SERVICE');
  });

  test("let a developer's own collector and interval win over ours", () => {
    const { workload } = environmentWith({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318',
      OTEL_METRIC_EXPORT_INTERVAL: '60000',
    });
    expect(readTelemetryConfig(workload)).toMatchObject({
      otlpEndpoint: 'http://localhost:4318',
      metricIntervalMs: 60_000,
    });
  });

  test('give the demo agents nothing of the services but the API and the endpoints of telemetry', () => {
    const { workload } = environmentWith();
    expect(
      Object.keys(workload).filter((name) => /REDIS|BIGQUERY|PUBSUB|PEPPER/.test(name)),
    ).toEqual([]);
  });

  test('have each function take tokens that were made for it', () => {
    const audiences = Object.values(environmentWith().functions).map(({ url, env }) => {
      expect(env.PUSH_AUDIENCE).toBe(url);
      return url;
    });
    expect(new Set(audiences).size).toBe(audiences.length);
  });

  test('ask for no tokens when an emulator pushes that signs none', () => {
    const { functions } = environmentWith({ PUBSUB_EMULATOR_HOST: 'localhost:8085' });
    expect(functions.deliverAlerts.env).not.toHaveProperty('PUSH_AUDIENCE');
  });

  test('keep the secrets of channels to the function that sends', () => {
    const { api, functions, base } = environmentWith({ SECRET_X: 's', CHANNEL_Y: 't' });
    for (const env of [api, functions.ingest.env, functions.checkBudgets.env, base]) {
      expect(Object.keys(env).filter((name) => /^(SECRET|CHANNEL|SLACK_WEB)/.test(name))).toEqual(
        [],
      );
      expect(env).not.toHaveProperty('WEBHOOK_SIGNING_KEY');
    }
    expect(functions.deliverAlerts.env).toMatchObject({ SECRET_X: 's', CHANNEL_Y: 't' });
  });

  test("let a developer's own secret or mail relay win over ours", () => {
    const hook = 'https://hooks.slack.com/services/T1/B1/x';
    const env = deliveryWith({ SLACK_WEBHOOK: hook, SMTP_URL: 'smtp://relay.example:25' });
    expect(env).toMatchObject({
      SLACK_WEBHOOK: hook,
      SECRET_NAME: INBOX_WEBHOOK,
      SMTP_URL: 'smtp://relay.example:25',
    });
  });

  test('do not let a secret replace what a process is configured with', () => {
    const env = deliveryWith({ SECRET_SOURCE: 'secret-manager', SLACK_HOSTS: 'slack.example' });
    expect(env).toMatchObject({ SECRET_SOURCE: 'environment', SLACK_HOSTS: 'slack.example' });
  });

  test('sign webhooks with a new key at each start', () => {
    const { WEBHOOK_SIGNING_KEY: first } = deliveryWith();
    expect(first).toMatch(/^[\w-]{43}$/);
    expect(deliveryWith().WEBHOOK_SIGNING_KEY).not.toBe(first);
  });
});
