import { describe, expect, test } from '@jest/globals';
import { createTraceStore } from '../../../../local/otlp/trace-store.ts';
import type { AttributeValue, OtlpSpan } from '../../../../src/otlp/span.ts';

const CALL = { 'gen_ai.operation.name': 'chat' };
const idOf = (n: number) => n.toString(16).padStart(32, '0');

function span(trace: number, id: number, attributes: Record<string, AttributeValue> = {}) {
  return {
    traceId: idOf(trace),
    spanId: id.toString(16).padStart(16, '0'),
    name: `work ${trace}`,
    kind: 1,
    startNs: BigInt(trace) * 1_000_000n,
    endNs: BigInt(trace + 1) * 1_000_000n,
    attributes: new Map(Object.entries(attributes)),
    resource: new Map([['service.name', `service-${trace % 2}`]]),
    scope: { name: '', version: '', attributes: new Map() },
    status: { code: 'unset' },
    events: [],
    links: [],
  } as unknown as OtlpSpan;
}

describe('the traces that are kept', () => {
  test('are those of agents however much other work is traced, which has a smaller share', () => {
    const store = createTraceStore();
    store.add(span(1, 1, CALL));
    for (let n = 2; n <= 7_000; n += 1) store.add(span(n, 1));
    expect(store.trace(idOf(1))?.spans).toHaveLength(1);
    expect(store.trace(idOf(2))).toBeUndefined();
    const { agents, others } = store.counts();
    expect([agents.traces, others.traces]).toEqual([1, others.maxTraces]);
    expect(others.maxTraces * 2).toBeLessThan(agents.maxTraces);
  });

  test('count as those of agents from the first span on that tells of one, with all that came before and after', () => {
    const store = createTraceStore();
    store.add(span(1, 1));
    expect(store.traces({ limit: 9, show: 'agents' })).toEqual([]);
    store.add(span(1, 2, CALL));
    store.add(span(1, 3));
    store.add(span(2, 1));
    const [only, ...more] = store.traces({ limit: 9, show: 'agents' });
    expect([only?.spans, more]).toEqual([3, []]);
    expect(store.traces({ limit: 9 })).toHaveLength(2);
    expect(store.counts()).toMatchObject({ agents: { spans: 3 }, others: { spans: 1 } });
  });

  test('are found by their service', () => {
    const store = createTraceStore();
    for (const n of [1, 2, 3]) store.add(span(n, 1));
    const found = store.traces({ limit: 9, service: 'service-1' });
    expect(found.map(({ traceId }) => traceId)).toEqual([idOf(3), idOf(1)]);
    expect(store.services()).toEqual(['service-0', 'service-1']);
  });
});
