import { describe, expect, test } from '@jest/globals';
import { LABELS } from '../../../../src/telemetry/metrics/catalogue/labels.ts';
import { KPI } from '../../../../src/telemetry/metrics/catalogue.ts';
import {
  defineMetric,
  type MetricDefinition,
} from '../../../../src/telemetry/metrics/definition.ts';

const all: [string, MetricDefinition][] = Object.entries(KPI);
const definitions = all.map(([, definition]) => definition);

describe('the catalogue of metrics', () => {
  test.each(all)('%s is valid and says what it is', (_, definition) => {
    expect(defineMetric(definition)).toBe(definition);
    expect(definition.description).toMatch(/^[A-Z].{10,}\.$/);
  });

  test.each(all)('%s says what each of its labels is', (_, { labels, labelDescriptions }) => {
    expect(Object.keys(labelDescriptions ?? {})).toEqual([...labels]);
    expect(Object.values(labelDescriptions ?? {}).every((text) => text !== '')).toBe(true);
  });

  test('no name is there twice', () => {
    const names = definitions.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test('every label is used', () => {
    const used = new Set(definitions.flatMap(({ labels }) => labels));
    expect([...used].sort()).toEqual(Object.keys(LABELS).sort());
  });

  test('money is whole nano-USD, never a double', () => {
    const money = definitions.filter(({ name }) => /cost|revenue|savings|value$/.test(name));
    expect(money.length).toBeGreaterThanOrEqual(11);
    for (const { valueType, unit } of money) {
      expect({ valueType, unit }).toEqual({ valueType: 'int', unit: '{nUSD}' });
    }
  });

  test('every unit is UCUM as Cloud Monitoring takes it', () => {
    for (const { unit } of definitions) expect(unit).toMatch(/^(?:1|ms|s|By|\{[A-Za-z]+\})$/);
  });

  test.each(['agent/success_rate', 'cache/hit_rate'])('%s has counters behind it', (name) => {
    const room = name.split('/')[0]!;
    const counters = definitions.filter(
      (each) => each.kind === 'counter' && each.name.startsWith(`${room}/`),
    );
    expect(counters.length).toBeGreaterThan(0);
  });

  test('distributions stay within the 200 buckets that Cloud Monitoring takes', () => {
    for (const { boundaries } of definitions) {
      expect((boundaries ?? []).length).toBeLessThan(200);
    }
  });
});
