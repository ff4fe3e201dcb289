import { expect, test } from '@jest/globals';
import { createPatternReports } from '../../../../src/analysis/log-patterns/pattern-reports.ts';
import type { QueryRequest } from '../../../../src/cloud/bigquery.ts';
import { DAY_MS } from '../../../../src/core/time.ts';

test('errors that somebody asks for are read with a lower bound on what it may cost', async () => {
  const asked: QueryRequest[] = [];
  const warehouse = {
    query: async <Row>(request: QueryRequest) => {
      asked.push(request);
      return [] as Row[];
    },
  };
  const settings = { list: async () => [] };
  const reports = createPatternReports({ warehouse, settings, operationsWorkspace: 'operations' });
  await reports.of('acme', { fromMs: 8 * DAY_MS, toMs: 9 * DAY_MS });
  expect(asked).toMatchObject([
    {
      params: { from: '1970-01-02T00:00:00.000Z', workspaceId: 'acme' },
      maximumBytesBilled: String(20 * 2 ** 30),
    },
  ]);
});
