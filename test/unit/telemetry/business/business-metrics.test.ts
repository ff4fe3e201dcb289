import { afterEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import type { InsertResult, InsertRow } from '../../../../src/cloud/bigquery.ts';
import { AppError } from '../../../../src/core/errors.ts';
import { formatUsd, parseUsd } from '../../../../src/core/money.ts';
import { createBusinessMetrics } from '../../../../src/telemetry/business/business-metrics.ts';
import type { RowLoss } from '../../../../src/telemetry/business/row-queue.ts';

const AT = '2026-11-20T12:00:00Z';
const NOW = Date.parse(AT);
afterEach(() => void jest.useRealTimers());

function create(
  options: Partial<Parameters<typeof createBusinessMetrics>[0]> & {
    answer?: (rows: readonly InsertRow[]) => InsertResult | Promise<InsertResult>;
  } = {},
) {
  const { answer = () => ({ kind: 'ok' }) as const, ...rest } = options;
  const inserts: InsertRow[][] = [];
  const counted: unknown[] = [];
  const losses: RowLoss[] = [];
  const clock = { ms: NOW };
  const business = createBusinessMetrics({
    insert: async (rows) => {
      inserts.push([...rows]);
      return answer(rows);
    },
    metrics: {
      incrementCounter: (metric, value, labels) => void counted.push([metric.name, value, labels]),
      recordHistogram: (metric, value, labels) => void counted.push([metric.name, value, labels]),
    },
    now: () => clock.ms,
    onError: (lost) => void losses.push(...lost),
    ...rest,
  });
  return {
    business,
    inserts,
    counted,
    losses,
    clock,
    rows: () => inserts.flat().map(({ json }) => json),
  };
}

const engagement = { workspaceId: 'acme', userId: 'u-1', action: 'card.created' };
const retryable = () =>
  new AppError({ code: 'warehouse_failed', message: 'away', retryable: true });

describe('an event', () => {
  test('of a user is one row, and one more for the session that ended with it', async () => {
    const { business, rows, counted } = create();
    const outcome = business.recordUserEngagement({
      ...engagement,
      sessionSeconds: 90.5,
      plan: 'team',
      dimensions: { source: 'web' },
      at: '2026-11-20T11:59:00+00:00',
      eventId: 'e-1',
    });
    expect(outcome).toEqual({ kind: 'accepted', eventId: 'e-1' });
    await business.flush();
    const common = {
      event_id: 'e-1',
      workspace_id: 'acme',
      event_time: '2026-11-20T11:59:00.000Z',
      ingest_time: '2026-11-20T12:00:00.000Z',
      kind: 'user_engagement',
      category: 'card.created',
      user_id: 'u-1',
      plan: 'team',
      dimensions: '{"source":"web"}',
    };
    expect(rows()).toEqual([
      { ...common, metric: 'user_action', value: '1', unit: '1' },
      { ...common, metric: 'session_duration', value: '90.500', unit: 's' },
    ]);
    expect(counted).toEqual([['business/session_duration', 90.5, { plan: 'team' }]]);
  });

  test('of revenue or cost keeps its money to the last nano-dollar', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.bigInt({ min: 0n, max: 10n ** 28n }),
        fc.constantFrom('subscription', 'usage', 'one_time', 'refund'),
        async (nanoUsd, kind) => {
          const { business, rows } = create();
          const amountUsd = formatUsd(nanoUsd);
          expect(business.recordRevenue({ workspaceId: 'acme', kind, amountUsd }).kind).toBe(
            'accepted',
          );
          expect(
            business.recordCost({ workspaceId: 'acme', category: 'infrastructure', amountUsd })
              .kind,
          ).toBe('accepted');
          await business.flush();
          const [revenue, cost] = rows().map(({ value }) => parseUsd(value as string));
          expect(revenue).toBe(kind === 'refund' ? -nanoUsd : nanoUsd);
          expect(cost).toBe(nanoUsd);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('counts among the platform’s KPIs where there is one for it', () => {
    const { business, counted } = create({ workspaceId: 'acme' });
    business.recordRevenue({ kind: 'usage', amountUsd: '1.5', plan: 'pro' });
    business.recordRevenue({ kind: 'subscription', amountUsd: '99' });
    business.recordCost({ category: 'infrastructure', amountUsd: '0.25', resourceType: 'compute' });
    business.recordCost({ category: 'llm', amountUsd: '0.000000001', provider: 'openai' });
    business.recordCost({ category: 'other', amountUsd: '7' });
    expect(counted).toEqual([
      ['business/usage_revenue', 1_500_000_000, { plan: 'pro' }],
      ['business/infrastructure_cost', 250_000_000, { resource_type: 'compute' }],
      ['business/llm_cost', 1, { provider: 'openai' }],
    ]);
  });

  test('with an id says when it happened, so that told again later it is the same row', async () => {
    const { business, rows, clock, counted } = create({ workspaceId: 'acme' });
    const invoice = { eventId: 'inv-1', kind: 'usage', amountUsd: '99' } as const;
    expect(business.recordRevenue(invoice)).toEqual({
      kind: 'rejected',
      errors: [{ field: 'at', reason: expect.stringContaining('required with an eventId') }],
    });
    expect(counted).toEqual([]);
    business.recordRevenue({ ...invoice, at: AT });
    clock.ms += 120_000;
    business.recordRevenue({ ...invoice, at: AT });
    await business.flush();
    const identities = rows().map(({ event_id, metric, event_time }) =>
      JSON.stringify([event_id, metric, event_time]),
    );
    expect(identities).toHaveLength(2);
    expect(new Set(identities).size).toBe(1);
  });

  test('that is none is answered with every field at fault and counted nowhere', () => {
    const { business, counted } = create();
    const reject = (outcome: unknown) =>
      (outcome as { errors: { field: string }[] }).errors.map(({ field }) => field).sort();
    expect(reject(business.recordUserEngagement({} as never))).toEqual([
      'action',
      'userId',
      'workspaceId',
    ]);
    expect(
      reject(business.recordRevenue({ workspaceId: 'acme', kind: 'tips', amountUsd: 12 } as never)),
    ).toEqual(['amountUsd', 'kind']);
    const amounts = ['-1', '1e3', '0.0000000001', '', '1,5', 'NaN'];
    for (const amountUsd of amounts) {
      expect(
        reject(business.recordCost({ workspaceId: 'acme', category: 'llm', amountUsd })),
      ).toEqual(['amountUsd']);
    }
    for (const at of ['yesterday', '2026-11-20T12:11:00Z', '2025-01-01T00:00:00Z']) {
      expect(reject(business.recordUserEngagement({ ...engagement, at }))).toEqual(['at']);
    }
    for (const nothing of [null, undefined, 1, 'x', []]) {
      expect(business.recordCost(nothing as never).kind).toBe('rejected');
    }
    expect(counted).toEqual([]);
    expect(business.stats()).toMatchObject({ accepted: 0, rejected: 16, buffered: 0 });
  });

  test('has the same insert id when it is told again, and no other event has', async () => {
    const { business, inserts } = create();
    business.recordUserEngagement({ ...engagement, at: AT, eventId: 'e-1', sessionSeconds: 1 });
    business.recordUserEngagement({ ...engagement, at: AT, eventId: 'e-1' });
    business.recordUserEngagement({ ...engagement, at: AT, eventId: 'e-1', workspaceId: 'other' });
    business.recordUserEngagement(engagement);
    business.recordUserEngagement(engagement);
    await business.flush();
    const ids = inserts.flat().map(({ insertId }) => insertId);
    expect(ids[2]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(5);
  });
});

describe('rows', () => {
  test('are written within a second, at most 500 at once', async () => {
    jest.useFakeTimers();
    const { business, inserts } = create();
    business.recordUserEngagement(engagement);
    await jest.advanceTimersByTimeAsync(999);
    expect(inserts).toHaveLength(0);
    await jest.advanceTimersByTimeAsync(1);
    expect(inserts.map((rows) => rows.length)).toEqual([1]);
    for (let i = 0; i < 1_200; i++) business.recordUserEngagement(engagement);
    await jest.advanceTimersByTimeAsync(1);
    expect(inserts.map((rows) => rows.length)).toEqual([1, 500, 500, 200]);
  });

  test('are tried again under the same ids while BigQuery is away, and stored once it is back', async () => {
    jest.useFakeTimers();
    let away = 5;
    const { business, inserts, losses } = create({
      answer: () => {
        if (away-- > 0) throw retryable();
        return { kind: 'ok' };
      },
    });
    business.recordUserEngagement(engagement);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(inserts).toHaveLength(6);
    expect(new Set(inserts.flat().map(({ insertId }) => insertId)).size).toBe(1);
    expect(business.stats()).toMatchObject({ stored: 1, lost: 0, retries: 5, buffered: 0 });
    expect(losses).toEqual([]);
  });

  test('that BigQuery refuses are lost alone and told; those it held up for them are stored', async () => {
    const { business, losses } = create({
      answer: (rows) => {
        const bad = rows.findIndex(({ json }) => json.user_id === 'bad');
        if (bad === -1) return { kind: 'ok' };
        return {
          kind: 'partial',
          errors: rows.map((_, index) => ({
            index,
            reason: index === bad ? 'invalid' : 'stopped',
            message: 'no such field: nope.',
            location: index === bad ? 'nope' : '',
          })),
        };
      },
    });
    for (const userId of ['a', 'bad', 'b', 'bad', 'c'])
      business.recordUserEngagement({ ...engagement, userId });
    await business.flush();
    expect(business.stats()).toMatchObject({ stored: 3, lost: 2, buffered: 0, retries: 0 });
    expect(losses.map(({ reason, message }) => [reason, message])).toEqual([
      ['refused', 'nope: no such field: nope.'],
      ['refused', 'nope: no such field: nope.'],
    ]);
  });

  test('are given up after the time for retries, and told', async () => {
    jest.useFakeTimers();
    const { business, clock, losses } = create({
      retryForMs: 60_000,
      answer: () => {
        clock.ms += 10_000;
        throw retryable();
      },
    });
    business.recordUserEngagement(engagement);
    await jest.advanceTimersByTimeAsync(600_000);
    expect(losses.map(({ reason }) => reason)).toEqual(['gave-up']);
    expect(business.stats()).toMatchObject({ lost: 1, buffered: 0 });
  });

  test('beyond the buffer are refused and counted, both of an event or none', async () => {
    const { business } = create({ maxBufferedRows: 3 });
    const record = () => business.recordUserEngagement({ ...engagement, sessionSeconds: 1 });
    expect(record().kind).toBe('accepted');
    expect(record()).toEqual({ kind: 'refused', reason: 'buffer-full' });
    expect(business.recordUserEngagement(engagement).kind).toBe('accepted');
    expect(business.stats()).toMatchObject({ accepted: 2, refused: 1, buffered: 3 });
    await business.flush();
    expect(record().kind).toBe('accepted');
  });
});

describe('close', () => {
  test('stores what is there and takes no more', async () => {
    const { business, inserts } = create();
    business.recordUserEngagement(engagement);
    await business.close();
    expect(inserts.flat()).toHaveLength(1);
    expect(business.recordUserEngagement(engagement)).toEqual({
      kind: 'refused',
      reason: 'closed',
    });
  });

  test('is bounded, and tells of what it could not store', async () => {
    const { business, losses } = create({
      answer: () => {
        throw retryable();
      },
    });
    for (let i = 0; i < 501; i++) business.recordUserEngagement(engagement);
    await business.close(50);
    expect(losses).toHaveLength(501);
    expect(business.stats()).toMatchObject({ lost: 501, buffered: 0 });
  });

  test('does not wait for an insert that never ends', async () => {
    const { business } = create({ answer: () => new Promise(() => {}) });
    business.recordUserEngagement(engagement);
    await business.flush(20);
    await business.close(20);
    expect(business.stats().buffered).toBe(1);
  });

  test('holds its promises when the one it tells of losses throws', async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { business } = create({
      answer: () => {
        throw new AppError({ code: 'warehouse_failed', message: 'no table' });
      },
      onError: () => {
        throw new Error('told');
      },
    });
    business.recordUserEngagement(engagement);
    await business.close();
    expect(business.stats().lost).toBe(1);
    expect(warned).toHaveBeenCalledTimes(1);
    warned.mockRestore();
  });
});
