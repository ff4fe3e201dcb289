import fc from 'fast-check';
import { type CostEvent, RESOURCE_TYPES } from '../../src/costs/event.ts';
import { anyText } from './any-text.ts';

/** A valid event of the workspace acme that costs 0.0035 USD, with other parts where given. */
export function costEvent(parts: Partial<CostEvent> & { timestamp: string }): CostEvent {
  return {
    id: 'e1',
    workspaceId: 'acme',
    resourceType: 'llm_api',
    resourceId: 'chat.completions',
    provider: 'openai',
    model: 'gpt-4o',
    costUsd: '0.0035',
    currency: 'USD',
    ...parts,
  };
}

const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/);
/** Texts that have broken keys, SQL or JSON elsewhere, and any other. */
const text = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'a|b:c{d}', '{{projectId}}', "'; --"),
  // JSON Schema counts code points.
  anyText({ minLength: 1, maxLength: 256 }).map((value) => [...value].slice(0, 256).join('')),
);
const count = fc.oneof(fc.nat(), fc.constantFrom(0, 1e12));
const decimal = fc.stringMatching(/^\d{1,20}(\.\d{1,9})?$/);
const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

/** Any event that should be taken at `now` (epoch ms), all its fields used to their limits. */
export function arbitraryEvent(now: number): fc.Arbitrary<CostEvent> {
  const usage = fc
    .record({
      cacheReadTokens: maybe(count),
      cacheWriteTokens: maybe(count),
      reasoningTokens: maybe(count),
      requests: maybe(count),
      seconds: maybe(decimal),
      bytes: maybe(decimal),
    })
    .map((parts) => ({
      ...parts,
      cacheWriteTokens: 0,
      inputTokens: parts.cacheReadTokens,
      outputTokens: parts.reasoningTokens,
    }));
  const fields = fc.record({
    id: fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/),
    workspaceId: name,
    projectId: maybe(name),
    cardId: maybe(name),
    agentId: maybe(name),
    userId: maybe(name),
    teamId: maybe(name),
    timestamp: fc
      .integer({ min: -400 * 86_400_000, max: 600_000 })
      .map((ago) => new Date(now + ago).toISOString()),
    resourceType: fc.constantFrom(...RESOURCE_TYPES),
    resourceId: text,
    provider: text,
    model: maybe(text),
    operation: maybe(text),
    usage,
    costUsd: maybe(fc.stringMatching(/^\d{1,9}(\.\d{1,9})?$/)),
    outcome: maybe(
      fc.record({
        status: fc.constantFrom<'ok' | 'error'>('ok', 'error'),
        errorType: maybe(text),
        latencyMs: maybe(fc.double({ min: 0, max: 1e12, noNaN: true })),
        cacheHit: maybe(fc.boolean()),
      }),
    ),
    traceId: maybe(hex(32)),
    spanId: maybe(hex(16)),
    requestId: maybe(text),
    labels: maybe(
      fc.dictionary(
        fc
          .stringMatching(/^[a-zA-Z0-9|:{}/~ .]{1,63}$/)
          .filter((key) => !['constructor', 'prototype'].includes(key)),
        fc.string({ maxLength: 256 }),
        { maxKeys: 20, noNullPrototype: true },
      ),
    ),
  });
  // As it comes from JSON: what is absent is absent, not undefined.
  return fields.map((event) => JSON.parse(JSON.stringify({ ...event, currency: 'USD' })));
}
