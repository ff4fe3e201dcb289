import type { Redis } from '../../src/cloud/redis.ts';
import { AppError } from '../../src/core/errors.ts';
import { parseUsd } from '../../src/core/money.ts';
import { createAwaitedEvents } from '../../src/costs/awaited-events.ts';
import { createIngest } from '../../src/costs/ingest.ts';
import { createLedger } from '../../src/costs/ledger.ts';
import { createPriceBook } from '../../src/costs/pricing/price-book.ts';
import { createRebuild } from '../../src/costs/rollups/rebuild.ts';
import { createRollups } from '../../src/costs/rollups/rollups.ts';
import { createOtlpIntake } from '../../src/otlp/intake.ts';
import type { AttributeValue, OtlpSpan } from '../../src/otlp/span.ts';
import { createMemoryWarehouse } from './memory-warehouse.ts';

/** A span as it comes out of the decoder; times in ms before or after `base`. */
export function otlpSpan(
  base: number,
  parts: {
    traceId?: string;
    spanId: string;
    parentSpanId?: string | undefined;
    name?: string;
    start?: number;
    end?: number;
    attributes?: Record<string, AttributeValue>;
    resource?: Record<string, AttributeValue>;
    scope?: string;
    failed?: boolean;
  },
): OtlpSpan {
  const startMs = base + (parts.start ?? 0);
  const endMs = base + (parts.end ?? 1_000);
  return {
    traceId: parts.traceId ?? '0af7651916cd43dd8448eb211c80319c',
    spanId: parts.spanId,
    ...(parts.parentSpanId !== undefined && { parentSpanId: parts.parentSpanId }),
    name: parts.name ?? 'span',
    kind: 1,
    startNs: BigInt(startMs) * 1_000_000n,
    endNs: BigInt(endMs) * 1_000_000n,
    startMs,
    endMs,
    attributes: new Map(Object.entries(parts.attributes ?? {})),
    resource: new Map(Object.entries(parts.resource ?? {})),
    scope: { name: parts.scope ?? 'test' },
    status: { code: parts.failed === true ? 'error' : 'unset' },
    events: [],
    links: [],
  };
}

/** Attributes of a model call by OpenTelemetry's current names. */
export const chatOf = (inputTokens: number, outputTokens: number, model = 'gpt-4o') => ({
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': model,
  'gen_ai.usage.input_tokens': inputTokens,
  'gen_ai.usage.output_tokens': outputTokens,
});

export const hexId = (n: number, digits = 16) => n.toString(16).padStart(digits, '0');

/**
 * OTLP in, and the way of cost events behind it: two instances of the API over one Redis, a queue whose messages are
 * delivered when `settle` is called (again and again until they are taken), a ledger in memory, and the rollups.
 */
export function createOtlpWorld(redis: Redis, startAt = Date.now()) {
  const clock = { now: startAt };
  const now = () => clock.now;
  const warehouse = createMemoryWarehouse();
  const queue: Buffer[] = [];
  const publishing = { fail: (_data: Buffer): boolean => false };
  const common = { redis, dedupeWindowHours: 48, now };
  const book = createPriceBook();
  const rebuild = createRebuild({ ...common, warehouse, meters: async () => [] });
  const { ingest } = createIngest({
    ledger: createLedger({ warehouse, now }),
    rollups: createRollups({ ...common, rebuild }),
    warehouse,
    awaited: createAwaitedEvents({ redis, now }),
    prices: async () => book,
    now,
  });
  const publisher = {
    publish: async (data: Buffer) => {
      if (publishing.fail(data)) throw new Error('Pub/Sub is away');
      return String(queue.push(data));
    },
  };
  const intakes = [0, 1].map(() => createOtlpIntake({ redis, warehouse, publisher, now }));

  /** Delivers what is waiting, in the order that `next` chooses, until nothing is left or nothing is taken any more. */
  async function settle(next: (waiting: number) => number = () => 0): Promise<void> {
    for (let refusals = 0; queue.length > 0 && refusals < 50; ) {
      // What was refused waits at the end, behind all others.
      const [data] = queue.splice(refusals > 0 ? 0 : next(queue.length), 1);
      try {
        await ingest({ messageId: 'm', data: data! });
        refusals = 0;
      } catch (error) {
        if (!(error instanceof AppError && error.retryable)) throw error;
        refusals++;
        queue.push(data!);
      }
    }
  }

  return { clock, warehouse, queue, publishing, intakes, settle, rebuild };
}

/** The sums of a workspace in the ledger, and in Redis where it is counted there: exact texts. */
export async function totalsOf(
  world: Pick<ReturnType<typeof createOtlpWorld>, 'warehouse'>,
  redis: Redis,
  workspaceId: string,
) {
  const rows = world.warehouse.costs().filter((row) => row.workspace_id === workspaceId);
  const sum = (column: string) => rows.reduce((total, row) => total + Number(row[column] ?? 0), 0);
  const months = await redis.keys(`cost:{${workspaceId}}:m:*`);
  const hashes = await Promise.all(months.map((key) => redis.hgetall(key)));
  const inRedis = (field: string) =>
    hashes.reduce((total, hash) => total + BigInt(hash[field] ?? '0'), 0n);
  return {
    ledger: {
      nanoUsd: rows.reduce((total, row) => total + parseUsd(String(row.cost_usd)), 0n),
      events: sum('events'),
      unpriced: sum('unpriced_events'),
      inputTokens: sum('input_tokens'),
      outputTokens: sum('output_tokens'),
    },
    rollups: {
      nanoUsd: inRedis('total'),
      events: Number(inRedis('events:total')),
      unpriced: Number(inRedis('unpriced:total')),
      inputTokens: Number(inRedis('inputTokens:total')),
      outputTokens: Number(inRedis('outputTokens:total')),
    },
  };
}
