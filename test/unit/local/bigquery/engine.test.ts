import { expect, test } from '@jest/globals';
import { openEngine } from '../../../../local/bigquery/engine.ts';

const LONG =
  'SELECT COUNT(*) FROM range(100000) a, range(100000) b WHERE (a.range * b.range) % 7 = 1';

test('an interrupt that comes before a query has begun to execute stops it all the same', async () => {
  const engine = await openEngine(undefined);
  const query = engine.run(LONG);
  engine.interrupt();
  await expect(query).rejects.toThrow(/^INTERRUPT/i);
  await engine.close();
});

test('a query cancelled at its start ends, and its connection serves the next one', async () => {
  const engine = await openEngine(undefined);
  let cancel: () => void = () => undefined;
  const query = engine.run(LONG, undefined, (interrupt) => {
    cancel = interrupt;
    cancel();
  });
  await expect(query).rejects.toThrow(/^INTERRUPT/i);
  cancel();
  expect((await engine.run('SELECT 1')).rows).toEqual([[1]]);
  await engine.close();
});
