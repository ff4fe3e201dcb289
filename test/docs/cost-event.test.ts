import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { CostEventSchema, UsageSchema } from '../../src/costs/event.ts';

const text = readFileSync(new URL('../../docs/cost-event.md', import.meta.url), 'utf8');
const documented = new Set([...text.matchAll(/`([a-z][A-Za-z]+)`/g)].map(([, name]) => name));

test('the event reference names every field of the schema', () => {
  const { outcome } = CostEventSchema.properties;
  const fields = [
    ...Object.keys(CostEventSchema.properties),
    ...Object.keys(UsageSchema.properties),
    ...Object.keys(outcome.properties),
  ];
  expect(fields.filter((field) => !documented.has(field))).toEqual([]);
});
