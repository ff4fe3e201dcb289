import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createBigQueryEmulator } from '../../../../local/bigquery/emulator.ts';
import { groupMessages } from '../../../../src/analysis/log-patterns/group.ts';
import { createWarehouse, type Warehouse } from '../../../../src/cloud/bigquery.ts';
import { groupingAccuracy } from '../../../eval/grouping-accuracy.ts';
import { MADE_KINDS, makeMessages } from '../../../eval/made-logs.ts';

const emulator = createBigQueryEmulator({ projectId: 'p' });
let warehouse: Warehouse;
beforeAll(async () => {
  process.env.METADATA_SERVER_DETECTION = 'none';
  await emulator.start();
  warehouse = createWarehouse({ projectId: 'p', dataset: 'd', apiEndpoint: emulator.url });
  await fetch(`${emulator.url}/bigquery/v2/projects/p/datasets`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ datasetReference: { projectId: 'p', datasetId: 'd' } }),
  });
});
afterAll(() => emulator.close());

test('at least 19 of 20 messages of every kind of system are grouped as they were written', async () => {
  const accuracies = await Promise.all(
    MADE_KINDS.map(async (kind) => {
      const { messages, truth } = makeMessages(kind, 800, 7);
      const { lines } = await groupMessages(warehouse, messages);
      return [kind, groupingAccuracy(lines, truth)] as const;
    }),
  );
  expect(accuracies.filter(([, accuracy]) => accuracy < 0.95)).toEqual([]);
});

test('of many messages that are all unlike, each is its own template', async () => {
  const spell = (n: number) => [...String(n)].map((digit) => 'abcdefghij'[Number(digit)]).join('');
  const messages = Array.from({ length: 500 }, (_, at) =>
    Array.from({ length: 12 }, (_, word) => spell((at * 37 + word * 101) % 9_973)).join(' '),
  );
  const { templates } = await groupMessages(warehouse, messages);
  expect(templates).toHaveLength(500);
});

test('no messages have no templates', async () => {
  expect(await groupMessages(warehouse, [])).toEqual({ templates: [], lines: [] });
});

test('accuracy counts only messages whose whole group is right', () => {
  expect(groupingAccuracy(['a', 'a', 'b', 'c', 'c'], ['1', '1', '2', '2', '3'])).toBe(0.4);
  expect(groupingAccuracy(['x', 'y'], ['y', 'x'])).toBe(1);
});
