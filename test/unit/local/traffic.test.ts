import { describe, expect, test } from '@jest/globals';
import { createTraffic, DEMO_WORKSPACES } from '../../../local/workload/traffic.ts';
import { parseCostEvent } from '../../../src/costs/event.ts';

const take = (seed: number, count: number) => {
  const traffic = createTraffic(seed);
  return Array.from({ length: count }, () => traffic.next());
};

describe('demo traffic', () => {
  test('every event is one the API accepts', () => {
    const now = Date.parse('2026-11-20T12:00:00Z');
    for (const event of take(1, 2_000)) {
      const sent = { id: 'e1', timestamp: '2026-11-20T12:00:00Z', currency: 'USD', ...event };
      expect(parseCostEvent(sent, { now })).toMatchObject({ kind: 'valid' });
    }
  });

  test('equal seeds give equal events, other seeds other ones', () => {
    expect(take(7, 50)).toEqual(take(7, 50));
    expect(take(7, 50)).not.toEqual(take(8, 50));
  });

  test('stays within the demo workspaces and visits each', () => {
    const seen = new Set(take(3, 500).map(({ workspaceId }) => workspaceId));
    expect([...seen].sort()).toEqual([...DEMO_WORKSPACES].sort());
  });
});
