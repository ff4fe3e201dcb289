import { describe, expect, test } from '@jest/globals';
import { readConfig } from '../../../src/core/config.ts';
import type { AppError } from '../../../src/core/errors.ts';

const MINIMAL = { GOOGLE_CLOUD_PROJECT: 'demo' };

function faultsOf(env: Record<string, string>, needs: Parameters<typeof readConfig>[1] = []) {
  try {
    readConfig(env, needs);
  } catch (error) {
    const { code, details, message } = error as AppError;
    expect(code).toBe('invalid_configuration');
    for (const { field } of details) expect(message).toContain(field);
    return details.map(({ field }) => field);
  }
  return [];
}

describe('the configuration', () => {
  test('needs nothing but a project, and says what the rest is', () => {
    expect(readConfig(MINIMAL)).toEqual({
      projectId: 'demo',
      dataset: 'agentworks_observability',
      redisUrl: 'redis://127.0.0.1:6379',
      port: 8080,
      costEventsTopic: 'cost-events',
      rateLimitPerSecond: 1_000,
      maxBodyBytes: 2_097_152,
      dedupeWindowHours: 48,
      budgetChecksTopic: 'budget-checks',
      alertsTopic: 'alerts',
      mailFrom: 'alerts@localhost',
      slackHosts: ['hooks.slack.com', 'hooks.slack-gov.com'],
      allowLoopbackWebhooks: false,
      schedulerLocation: 'europe-west1',
      operationsWorkspace: 'operations',
    });
  });

  test('takes every setting from its variable', () => {
    const env = {
      GOOGLE_CLOUD_PROJECT: 'p',
      BIGQUERY_DATASET: 'd',
      REDIS_URL: 'rediss://host:1',
      PORT: '9',
      BIGQUERY_API_ENDPOINT: 'http://127.0.0.1:8430',
      COST_EVENTS_TOPIC: 't',
      PUSH_AUDIENCE: 'a',
      PUSH_SERVICE_ACCOUNT: 's@x',
      PUSH_CERTS_URL: 'https://certs',
      API_KEY_PEPPER: 'pepper',
      BOOTSTRAP_ADMIN_KEY: 'key',
      RATE_LIMIT_PER_SECOND: '5',
      MAX_BODY_BYTES: '6',
      DEDUPE_WINDOW_HOURS: '7',
      BUDGET_CHECKS_TOPIC: 'b',
      ALERTS_TOPIC: 'al',
      SMTP_URL: 'smtps://u:p@host',
      MAIL_FROM: 'alerts@acme.example',
      SECRET_SOURCE: 'environment',
      SLACK_HOSTS: 'hooks.slack.com, 127.0.0.1:8451',
      ALLOW_LOOPBACK_WEBHOOKS: 'yes',
      SCHEDULER_LOCATION: 'us-central1',
      OPERATIONS_WORKSPACE: 'platform-team',
      SCHEDULER_API_ENDPOINT: 'http://127.0.0.1:8460',
      SECRET_OF_ACME: 'value',
      OTHER: 'value',
    };
    const { secretsFromEnvironment, ...config } = readConfig(env, ['redisUrl', 'apiKeyPepper']);
    expect(secretsFromEnvironment?.('SECRET_OF_ACME')).toBe('value');
    expect(secretsFromEnvironment?.('SECRET_ABSENT')).toBeUndefined();
    expect(secretsFromEnvironment?.('OTHER')).toBeUndefined();
    expect(secretsFromEnvironment?.('SLACK_HOSTS')).toBeUndefined();
    // What configures the process is no tenant's to name.
    expect(secretsFromEnvironment?.('API_KEY_PEPPER')).toBeUndefined();
    expect(config).toEqual({
      projectId: 'p',
      dataset: 'd',
      redisUrl: 'rediss://host:1',
      port: 9,
      bigqueryEndpoint: 'http://127.0.0.1:8430',
      costEventsTopic: 't',
      pushAuth: { audience: 'a', serviceAccount: 's@x', certsUrl: 'https://certs' },
      apiKeyPepper: 'pepper',
      bootstrapAdminKey: 'key',
      rateLimitPerSecond: 5,
      maxBodyBytes: 6,
      dedupeWindowHours: 7,
      budgetChecksTopic: 'b',
      alertsTopic: 'al',
      smtpUrl: 'smtps://u:p@host',
      mailFrom: 'alerts@acme.example',
      slackHosts: ['hooks.slack.com', '127.0.0.1:8451'],
      allowLoopbackWebhooks: true,
      schedulerLocation: 'us-central1',
      operationsWorkspace: 'platform-team',
      schedulerEndpoint: 'http://127.0.0.1:8460',
    });
  });

  test('reports everything that is missing or malformed at once', () => {
    const env = {
      REDIS_URL: 'http://no',
      PORT: '80a',
      BIGQUERY_API_ENDPOINT: '127.0.0.1:8430',
      PUSH_AUDIENCE: 'a',
      PUSH_CERTS_URL: 'ftp://certs',
      RATE_LIMIT_PER_SECOND: '0',
      MAX_BODY_BYTES: '-1',
      DEDUPE_WINDOW_HOURS: '1.5',
      SMTP_URL: 'http://mail',
      SECRET_SOURCE: 'vault',
      ALLOW_LOOPBACK_WEBHOOKS: 'true',
      SCHEDULER_API_ENDPOINT: 'scheduler',
      OPERATIONS_WORKSPACE: 'a b',
    };
    expect(faultsOf(env, ['apiKeyPepper']).sort()).toEqual([
      'ALLOW_LOOPBACK_WEBHOOKS',
      'API_KEY_PEPPER',
      'BIGQUERY_API_ENDPOINT',
      'DEDUPE_WINDOW_HOURS',
      'GOOGLE_CLOUD_PROJECT',
      'MAX_BODY_BYTES',
      'OPERATIONS_WORKSPACE',
      'PORT',
      'PUSH_CERTS_URL',
      'PUSH_SERVICE_ACCOUNT',
      'RATE_LIMIT_PER_SECOND',
      'REDIS_URL',
      'SCHEDULER_API_ENDPOINT',
      'SECRET_SOURCE',
      'SMTP_URL',
    ]);
  });

  test('takes blank for absent', () => {
    expect(faultsOf({ GOOGLE_CLOUD_PROJECT: '  ', REDIS_URL: '' }, ['redisUrl'])).toEqual([
      'REDIS_URL',
      'GOOGLE_CLOUD_PROJECT',
    ]);
  });

  test.each([
    [{ PUSH_SERVICE_ACCOUNT: 's@x' }, ['PUSH_AUDIENCE']],
    [{ PUSH_AUDIENCE: 'a' }, ['PUSH_SERVICE_ACCOUNT']],
  ])('never leaves the push token check half on: %j', (half, missing) => {
    expect(faultsOf({ ...MINIMAL, ...half })).toEqual(missing);
  });
});
