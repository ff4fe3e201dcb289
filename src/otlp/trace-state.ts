import { readFileSync } from 'node:fs';
import type { Redis } from '../cloud/redis.ts';
import { AppError, errorMessage } from '../core/errors.ts';
import type { NodeCost, TraceNode } from './candidates.ts';
import { sinceKey, traceKeys } from './trace-keys.ts';

/** What of a cost event is kept to take it back by. */
export type Charge = Pick<NodeCost, 'workspaceId' | 'eventId' | 'timeMs'>;

/** A charge that is known from the ledger instead of from its span. */
export type LedgerCharge = Charge & {
  spanId: string;
  kind: 'priced' | 'unknown';
  state: 'charged' | 'retracted';
  parentSpanId: string | undefined;
  /** What else is known to lie below it. */
  below: Below;
};

/** 0, or 1 when a priced call, 2 when an unknown one, 3 when both lie below. */
export type Below = 0 | 1 | 2 | 3;

export type TraceDecision =
  /** The trace began before it is remembered: look its charges up and decide again. */
  | { kind: 'forgotten' }
  | {
      kind: 'decided';
      /** Of the given spans those that cost, however often they are given. */
      costing: ReadonlySet<string>;
      /** Charges of the trace that are to be taken back; named until `confirm` is told. */
      retracting: { spanId: string; charge: Charge }[];
      /** Of the given spans those that are more than is kept of a trace. */
      refused: ReadonlySet<string>;
    };

/** How many spans of one trace are kept. */
export const MAX_SPANS_PER_TRACE = 20_000;

/** How long a trace is remembered after its last spans, without and with model calls; and since when, at the least. */
const PLAIN_TTL_SECONDS = 30 * 60;
const CALLS_TTL_SECONDS = 2 * 60 * 60;
const SINCE_TTL_SECONDS = 7 * 24 * 60 * 60;

const SCRIPT = readFileSync(new URL('./trace.lua', import.meta.url), 'utf8');
const CLASS = { priced: 'w', unknown: 'u', link: 'p' } as const;
const STATE = { charged: 'c', retracted: 'r' } as const;

type DecideCommand = {
  decideOtlpTrace(...args: (string | number)[]): Promise<string[]>;
};

export type TraceState = ReturnType<typeof createTraceState>;

/**
 * What is known of traces, in Redis, and the decision which of their spans cost: atomic per trace, so that instances cannot
 * disagree, and the same for the same spans in whatever order they came. Deciding again with the same spans is safe.
 */
export function createTraceState(options: { redis: Redis; now: () => number }) {
  const { redis, now } = options;
  redis.defineCommand('decideOtlpTrace', { numberOfKeys: 4, lua: SCRIPT });
  const commands = redis as unknown as DecideCommand;

  return {
    /**
     * Adds the nodes of one request and trace. `lookedUp`: what the ledger knows of it, once it was asked, and what is below
     * given spans by that. Throws `unavailable` (retryable) when Redis does not answer.
     */
    async decide(
      scope: string,
      traceId: string,
      nodes: readonly TraceNode[],
      lookedUp?: { charges: readonly LedgerCharge[]; below: ReadonlyMap<string, Below> },
    ): Promise<TraceDecision> {
      const keys = traceKeys(scope, traceId);
      const starts = nodes.flatMap(({ kind, span }) => (kind === 'link' ? [] : [span.startMs]));
      const args: (string | number)[] = [
        keys.spans,
        keys.unknown,
        keys.retracting,
        sinceKey(scope),
        now(),
        PLAIN_TTL_SECONDS,
        CALLS_TTL_SECONDS,
        SINCE_TTL_SECONDS,
        MAX_SPANS_PER_TRACE,
        lookedUp === undefined ? 0 : 1,
        starts.length === 0 ? '' : Math.min(...starts),
      ];
      const charges = lookedUp?.charges ?? [];
      args.push(charges.length);
      for (const charge of charges) {
        const { spanId, kind, below, state, parentSpanId = '' } = charge;
        args.push(spanId, CLASS[kind], below, STATE[state], parentSpanId, formatCharge(charge));
      }
      args.push(nodes.length);
      for (const node of nodes) {
        const { spanId, parentSpanId = '' } = node.span;
        const rest = node.kind === 'link' ? '' : formatCharge(node.cost);
        args.push(spanId, CLASS[node.kind], lookedUp?.below.get(spanId) ?? 0, parentSpanId, rest);
      }
      return readAnswer(await asked(commands.decideOtlpTrace(...args)));
    },

    /** Remembers that retractions are on their way, so that they are not asked for again. */
    async confirm(scope: string, traceId: string, spanIds: readonly string[]): Promise<void> {
      if (spanIds.length === 0) return;
      await asked(redis.srem(traceKeys(scope, traceId).retracting, ...spanIds));
    },
  };
}

async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw new AppError({
      code: 'unavailable',
      message: `Redis did not decide on spans: ${errorMessage(error)}`,
      publicMessage: 'Traces cannot be taken at the moment; send the same spans again.',
      retryable: true,
      cause: error,
    });
  }
}

function readAnswer(answer: readonly string[]): TraceDecision {
  if (answer[0] === 'unknown') return { kind: 'forgotten' };
  let at = 1;
  const take = () => answer[at++]!;
  const many = <T>(one: () => T): T[] => Array.from({ length: Number(take()) }, one);
  const costing = new Set(many(take));
  const retracting = many(() => ({ spanId: take(), charge: parseCharge(take()) }));
  return { kind: 'decided', costing, retracting, refused: new Set(many(take)) };
}

/** None of the parts can hold a bar. */
function formatCharge({ workspaceId, timeMs, eventId }: Charge): string {
  return `${workspaceId}|${timeMs}|${eventId}`;
}

function parseCharge(text: string): Charge {
  const [workspaceId = '', timeMs = '', eventId = ''] = text.split('|');
  return { workspaceId, timeMs: Number(timeMs), eventId };
}
