import { describe, expect, test } from '@jest/globals';
import { createTraffic, DEMO_WORKSPACES, type Step } from '../../../local/workload/traffic.ts';
import { parseCostEvent } from '../../../src/costs/event.ts';

const take = (seed: number, count: number) => {
  const traffic = createTraffic(seed);
  return Array.from({ length: count }, () => traffic.next());
};
const requests = (seed: number, count: number) =>
  take(seed, count).filter((item) => item.kind === 'request');

describe('demo traffic', () => {
  test('bills that are passed on are ones the API accepts', () => {
    const now = Date.parse('2026-11-20T12:00:00Z');
    const bills = take(1, 2_000).filter((item) => item.kind === 'storage');
    expect(bills.length).toBeGreaterThan(20);
    for (const { event } of bills) {
      const sent = { id: 'e1', timestamp: '2026-11-20T12:00:00Z', currency: 'USD', ...event };
      expect(parseCostEvent(sent, { now })).toMatchObject({ kind: 'valid' });
    }
  });

  test('equal seeds give equal traffic, other seeds other', () => {
    expect(take(7, 50)).toEqual(take(7, 50));
    expect(take(7, 50)).not.toEqual(take(8, 50));
  });

  test('stays within the demo workspaces and visits each', () => {
    const seen = new Set(requests(3, 500).map(({ workspaceId }) => workspaceId));
    expect([...seen].sort()).toEqual([...DEMO_WORKSPACES].sort());
  });

  test('has all that is worth watching: teams, tools, streams, failures, and about 1.7 model calls a request', () => {
    const all = requests(5, 3_000);
    const steps: Step[] = all.flatMap(({ agents }) => agents.flatMap((plan) => plan.steps));
    const models = steps.filter((step) => step.kind === 'model');
    const tools = steps.filter((step) => step.kind === 'tool');
    expect(all.some(({ agents }) => agents.length > 1)).toBe(true);
    expect(models.some(({ streamed }) => streamed)).toBe(true);
    expect(models.some(({ failsWith }) => failsWith !== undefined)).toBe(true);
    expect(tools.some(({ fails }) => fails)).toBe(true);
    expect(models.length / all.length).toBeGreaterThan(1.5);
    expect(models.length / all.length).toBeLessThan(2);
    for (const { inputTokens, cacheReadTokens } of models) {
      expect(cacheReadTokens).toBeLessThanOrEqual(inputTokens);
    }
  });
});
