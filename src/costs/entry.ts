import { hash } from 'node:crypto';
import { formatDecimal, formatUsd, type NanoUsd, parseDecimal } from '../core/money.ts';
import { formatInstant, parseInstant } from '../core/time.ts';
import type { CostEvent } from './event.ts';

/** Where an amount came from. `unpriced`: nobody knows yet, the amount is 0 and counted as unpriced. */
export type CostSource = 'reported' | 'price_book' | 'override' | 'unpriced';

/** What is added to sums of usage: counts are whole, decimals texts, and negative what is taken back. */
export type EntryUsage = {
  inputTokens?: number;
  outputTokens?: number;
  cacheReadTokens?: number;
  cacheWriteTokens?: number;
  reasoningTokens?: number;
  requests?: number;
  seconds?: string;
  bytes?: string;
};

/**
 * Attribution, time and usage of an entry; the usage of a corrected price is left out, so that tokens are not counted
 * twice, and that of an event taken back is negative.
 */
export type EntryEvent = Omit<CostEvent, 'usage'> & { usage?: EntryUsage };

/** What the ledger stores as one row and the rollups count once: a priced event, or a correction of one. */
export type Entry = {
  kind: 'event' | 'correction';
  /** Unique per workspace: the event's id, or the correction's. */
  entryId: string;
  event: EntryEvent;
  /** `event.timestamp` as epoch milliseconds. */
  timeMs: number;
  costNanoUsd: NanoUsd;
  costSource: CostSource;
  priceVersion?: string;
  /** Why there is no price; set exactly when `costSource` is `unpriced`. */
  unpricedReason?: string;
  /** 1 for an event, 0 for the correction of its price, -1 for taking it back. */
  events: -1 | 0 | 1;
  /** 1 for an unpriced event, -1 for the correction that prices it; taking either back is the opposite. */
  unpricedEvents: -1 | 0 | 1;
  /** 16 bytes, hex: equal exactly when the producer sent the same content. */
  contentHash: string;
};

/**
 * A fingerprint of what an event says, not of how it is written: key order, a zone offset and trailing zeros do
 * not matter, so that a producer's retry is never taken for another event. The price is not part of it.
 */
export function contentHashOf(event: CostEvent, timeMs: number): string {
  const { usage, outcome, labels } = event;
  const content = JSON.stringify([
    event.id,
    event.workspaceId,
    timeMs,
    event.resourceType,
    event.resourceId,
    event.provider,
    event.model,
    event.operation,
    event.projectId,
    event.cardId,
    event.agentId,
    event.userId,
    event.teamId,
    canonicalDecimal(event.costUsd),
    usage && [
      usage.inputTokens,
      usage.outputTokens,
      usage.cacheReadTokens,
      usage.cacheWriteTokens,
      usage.reasoningTokens,
      usage.requests,
      canonicalDecimal(usage.seconds),
      canonicalDecimal(usage.bytes),
    ],
    outcome && [outcome.status, outcome.errorType, outcome.latencyMs, outcome.cacheHit],
    event.traceId,
    event.spanId,
    event.requestId,
    labels && Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)),
  ]);
  return hash('sha256', content, 'hex').slice(0, 32);
}

function canonicalDecimal(text: string | undefined): string | undefined {
  return text === undefined ? undefined : formatDecimal(parseDecimal(text, 9), 9);
}

/** An entry's id as a 64-bit integer and its content as a 32-bit one, the members of Redis' sets of seen entries. */
export function seenMembers(entryId: string, contentHash: string): { id: string; content: string } {
  const digest = hash('sha256', entryId, 'buffer');
  const content = Number.parseInt(contentHash.slice(0, 8), 16) | 0;
  // 0 is the member that every set holds.
  return { id: (digest.readBigInt64BE() || 1n).toString(), content: (content || 1).toString() };
}

/** Epoch milliseconds of a time that the ledger shows; throws for what is none, rather than guess. */
export function instantOf(ledgerTime: string): number {
  const timeMs = parseInstant(ledgerTime);
  if (timeMs === undefined) throw new Error(`Not a time of the ledger: ${ledgerTime}`);
  return timeMs;
}

/** An entry as a row of the table `cost_events`; money and decimals as text, absent fields left out. */
export function toLedgerRow(entry: Entry, ingestTime: string): Record<string, unknown> {
  const { event } = entry;
  const { usage, outcome } = event;
  return {
    workspace_id: event.workspaceId,
    event_id: entry.entryId,
    entry: entry.kind,
    event_time: formatInstant(entry.timeMs),
    ingest_time: ingestTime,
    content_hash: entry.contentHash,
    events: entry.events,
    unpriced_events: entry.unpricedEvents,
    cost_usd: formatUsd(entry.costNanoUsd),
    cost_source: entry.costSource,
    price_version: entry.priceVersion,
    unpriced_reason: entry.unpricedReason,
    resource_type: event.resourceType,
    resource_id: event.resourceId,
    provider: event.provider,
    model: event.model,
    operation: event.operation,
    project_id: event.projectId,
    card_id: event.cardId,
    agent_id: event.agentId,
    user_id: event.userId,
    team_id: event.teamId,
    input_tokens: usage?.inputTokens,
    output_tokens: usage?.outputTokens,
    cache_read_tokens: usage?.cacheReadTokens,
    cache_write_tokens: usage?.cacheWriteTokens,
    reasoning_tokens: usage?.reasoningTokens,
    requests: usage?.requests,
    usage_seconds: usage?.seconds,
    usage_bytes: usage?.bytes,
    outcome_status: outcome?.status,
    error_type: outcome?.errorType,
    latency_ms: outcome?.latencyMs,
    cache_hit: outcome?.cacheHit,
    trace_id: event.traceId,
    span_id: event.spanId,
    request_id: event.requestId,
    labels: event.labels && JSON.stringify(event.labels),
  };
}
