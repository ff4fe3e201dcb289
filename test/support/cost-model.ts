import fc from 'fast-check';
import { bucketOf, HOUR_MS, parseInstant } from '../../src/core/time.ts';
import { contentHashOf, type Entry } from '../../src/costs/entry.ts';
import type { CostEvent } from '../../src/costs/event.ts';
import { cellName, type Dimension, fieldName, rollupKey } from '../../src/costs/rollups/keys.ts';

const pick = (...values: string[]) => fc.constantFrom(...values);
const maybe = (...values: string[]) => fc.option(pick(...values), { nil: undefined });

/** Events of one workspace within the last two days before `now`, with few ids, so that repeats are common. */
export function arbitraryEntries(workspaceId: string, now: number): fc.Arbitrary<Entry[]> {
  const entry = fc
    .record({
      ago: fc.integer({ min: 0, max: 40 * HOUR_MS }),
      costNanoUsd: fc.bigInt({ min: 0n, max: 10n ** 12n }),
      provider: pick('openai', 'anthropic', 'odd|one:total'),
      model: maybe('gpt-4o', 'events:total', 'total'),
      agentId: maybe('a1', 'a2'),
      userId: maybe('u1', 'u2', 'u3'),
      inputTokens: fc.integer({ min: 0, max: 1e12 }),
      unpriced: fc.boolean(),
    })
    .map((parts) => ({ ...parts, timeMs: now - parts.ago }));
  return fc.array(entry, { minLength: 1, maxLength: 30 }).map((all) =>
    all.map(({ costNanoUsd, inputTokens, unpriced, timeMs, provider, model, agentId, userId }, i) =>
      entryOf(
        {
          id: `event-${i}`,
          workspaceId,
          timestamp: new Date(timeMs).toISOString(),
          resourceType: 'llm_api',
          resourceId: 'chat.completions',
          provider,
          model,
          agentId,
          userId,
          usage: { inputTokens },
          currency: 'USD',
        },
        unpriced ? { costNanoUsd: 0n, unpricedEvents: 1 } : { costNanoUsd },
      ),
    ),
  );
}

/** An event as the spine hands it to ledger and rollups. */
export function entryOf(event: CostEvent, parts: Partial<Entry> = {}): Entry {
  const timeMs = parseInstant(event.timestamp) ?? Number.NaN;
  return {
    kind: 'event',
    entryId: event.id,
    event,
    timeMs,
    costNanoUsd: 0n,
    costSource: 'reported',
    events: 1,
    unpricedEvents: 0,
    contentHash: contentHashOf(event, timeMs),
    ...parts,
  };
}

/** What Redis should hold after each of these distinct entries was counted once: the independent model. */
export function expectedHashes(entries: readonly Entry[]): Map<string, Record<string, string>> {
  const sums = new Map<string, Map<string, bigint>>();
  for (const { event, timeMs, costNanoUsd, events, unpricedEvents } of entries) {
    const values: [Dimension, string | undefined][] = [
      ['total', ''],
      ['resource', event.resourceType],
      ['provider', event.provider],
      ['model', event.model],
      ['project', event.projectId],
      ['agent', event.agentId],
      ['user', event.userId],
      ['team', event.teamId],
    ];
    for (const grain of ['hour', 'day', 'month'] as const) {
      const key = rollupKey(event.workspaceId, grain, bucketOf(grain, timeMs));
      const hash = sums.get(key) ?? new Map<string, bigint>();
      sums.set(key, hash);
      const add = (field: string, more: bigint) => hash.set(field, (hash.get(field) ?? 0n) + more);
      for (const [dimension, value = ''] of values) {
        const cell = cellName(dimension, value);
        add(fieldName('cost', cell), costNanoUsd);
        add(fieldName('events', cell), BigInt(events));
        add(fieldName('unpriced', cell), BigInt(unpricedEvents));
        add(fieldName('inputTokens', cell), BigInt(event.usage?.inputTokens ?? 0));
        add(fieldName('outputTokens', cell), BigInt(event.usage?.outputTokens ?? 0));
        add(fieldName('cacheReadTokens', cell), BigInt(event.usage?.cacheReadTokens ?? 0));
        add(fieldName('cacheWriteTokens', cell), BigInt(event.usage?.cacheWriteTokens ?? 0));
        add(fieldName('reasoningTokens', cell), BigInt(event.usage?.reasoningTokens ?? 0));
      }
    }
  }
  return new Map(
    [...sums].map(([key, hash]) => [
      key,
      Object.fromEntries(
        [...hash].filter(([, sum]) => sum !== 0n).map(([f, sum]) => [f, `${sum}`]),
      ),
    ]),
  );
}
