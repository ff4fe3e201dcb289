import { expect, test } from '@jest/globals';
import { safeUrl } from '../../../../src/telemetry/tracing/safe-url.ts';

test.each([
  ['https://api.openai.com/v1/chat/completions', 'https://api.openai.com/v1/chat/completions'],
  ['http://127.0.0.1:8080/v1/workspaces/acme?x=1#y', 'http://127.0.0.1:8080/v1/workspaces/acme'],
  ['https://user:pass@host/a', 'https://host/a'],
  [
    'https://hooks.slack.com/services/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',
    'https://hooks.slack.com/services/*/*/*',
  ],
  [
    'https://bigquery.googleapis.com/bigquery/v2/projects/p/datasets/agentworks_observability/tables/cost_events/insertAll',
    'https://bigquery.googleapis.com/bigquery/v2/projects/p/datasets/agentworks_observability/tables/cost_events/insertAll',
  ],
  ['https://x.example/hook/0123456789abcdef0123456789abcdef', 'https://x.example/hook/*'],
  ['no url', ''],
])('%s is written as %s', (url, safe) => {
  expect(safeUrl(url)).toBe(safe);
});
