import { readFileSync } from 'node:fs';
import type { Redis } from '../cloud/redis.ts';
import { AppError, errorMessage } from '../core/errors.ts';
import type { NodeCost, TraceNode } from './candidates.ts';
import { HELD_EPOCH_MS, traceKeys } from './trace-keys.ts';

/** What of a cost event is kept to take it back by. */
export type Charge = Pick<NodeCost, 'workspaceId' | 'eventId' | 'timeMs'>;

/** A charge that is known from the ledger instead of from its span. */
export type LedgerCharge = Charge & {
  spanId: string;
  kind: 'priced' | 'unknown';
  state: 'charged' | 'retracted';
  parentSpanId: string | undefined;
  /** What else is known to lie below it, once that is published. */
  below: Below;
};

/** 0, or 1 when a priced call, 2 when an unknown one, 3 when both lie below. */
export type Below = 0 | 1 | 2 | 3;

/** What the ledger knows of a trace, and what of that is around given spans or below them. */
export type LookedUp = {
  charges: readonly LedgerCharge[];
  below: ReadonlyMap<string, Below>;
};

/** A charge to take back, named until `confirmRetracted` is told. */
export type Retracting = { spanId: string; charge: Charge };

export type TraceDecision =
  /** The trace began before it is remembered: look its charges up and decide again. */
  | { kind: 'forgotten' }
  | {
      kind: 'decided';
      /** Of the given calls those that cost, however often they are given. */
      costing: ReadonlySet<string>;
      retracting: Retracting[];
      /**
       * Of the given spans those that are more than is kept. Calls among them cost, whatever lies within; links among them
       * connect nothing.
       */
      unkept: ReadonlySet<string>;
    };

/** How many links and how many calls of one trace are kept. */
export const MAX_LINKS_PER_TRACE = 20_000;
export const MAX_CALLS_PER_TRACE = 10_000;

/**
 * How many spans of one scope are held, at about a hundred bytes each: links of traces without calls up to the first, others
 * up to the second.
 */
export const MAX_HELD_WITHOUT_CALLS = 2_000_000;
export const MAX_HELD = 3_000_000;

/** How many spans above an unknown call are looked at for a priced one. Beyond that it is told as unpriced, which is no money. */
const MAX_DEPTH = 1_000;

/** Redis does nothing else while it decides: what comes at once is cut to a few milliseconds. */
const NODES_PER_COMMAND = 1_000;

/** How long a trace is remembered after its last spans, without and with model calls; and since when, at the least. */
const TTL_SECONDS = {
  plain: 30 * 60,
  calls: 2 * 60 * 60,
  since: 7 * 24 * 60 * 60,
  held: (2 * HELD_EPOCH_MS) / 1_000,
};

const SCRIPT = readFileSync(new URL('./trace.lua', import.meta.url), 'utf8');
const CLASS = { priced: 'w', unknown: 'u', link: 'p' } as const;
const STATE = { charged: 'k', retracted: 'r' } as const;

/** What trace.lua is given. */
type TraceCommand = {
  /** Epoch ms. */
  now: number;
  /** When the earliest call of the request began; absent where it does not matter what is remembered. */
  earliest?: number;
  /** Whether the ledger was asked for the trace, and whether what followed is published. */
  isLookedUp: boolean;
  isPublished: boolean;
  /** Whether calls are among the request's spans of the trace. */
  hasCalls: boolean;
  limits: typeof LIMITS;
  ttlSeconds: typeof TTL_SECONDS;
  charges: { id: string; class: string; state: string; parent: string; rest: string }[];
  spans: { id: string; class: string; below: Below; parent: string; rest: string }[];
  /** Spans that may be charged now. */
  decide: string[];
  /** Spans whose charges are with Pub/Sub. */
  published: string[];
  /** Charges that what is published is below of, though no links say so. */
  around: { id: string; below: Below }[];
};

type TraceAnswer =
  | { forgotten: true }
  | {
      forgotten?: never;
      costing: string[] | object;
      unkept: string[] | object;
      retracting: [string, string][] | object;
    };

const LIMITS = {
  links: MAX_LINKS_PER_TRACE,
  calls: MAX_CALLS_PER_TRACE,
  depth: MAX_DEPTH,
  heldWithoutCalls: MAX_HELD_WITHOUT_CALLS,
  held: MAX_HELD,
};

export type TraceState = ReturnType<typeof createTraceState>;

/**
 * What is known of traces, in Redis, and the decision which of their spans cost: atomic per trace, so that instances cannot
 * disagree, and the same for the same spans in whatever order they came. Deciding again with the same spans is safe.
 * `limits` may be set lower by tests.
 */
export function createTraceState(options: {
  redis: Redis;
  now: () => number;
  limits?: Partial<typeof LIMITS>;
}) {
  const { redis, now } = options;
  const limits = { ...LIMITS, ...options.limits };
  redis.defineCommand('decideOtlpTrace', { numberOfKeys: 6, lua: SCRIPT });
  const commands = redis as unknown as {
    decideOtlpTrace(...args: string[]): Promise<string>;
  };

  async function run(
    scope: string,
    traceId: string,
    parts: Partial<TraceCommand>,
  ): Promise<TraceAnswer> {
    const at = now();
    const keys = traceKeys(scope, traceId, at);
    const command: TraceCommand = {
      now: at,
      isLookedUp: false,
      isPublished: false,
      hasCalls: true,
      limits,
      ttlSeconds: TTL_SECONDS,
      charges: [],
      spans: [],
      decide: [],
      published: [],
      around: [],
      ...parts,
    };
    const { spans, unknown, retracting, since, held, heldBefore } = keys;
    const args = [spans, unknown, retracting, since, held, heldBefore, JSON.stringify(command)];
    return JSON.parse(await asked(commands.decideOtlpTrace(...args))) as TraceAnswer;
  }

  return {
    /**
     * Adds the nodes of one request and trace. `lookedUp`: what the ledger knows of it, once it was asked. Nothing is taken back
     * for what is decided here, until `confirmPublished` is told. Throws `unavailable` (retryable) when Redis does not answer.
     */
    async decide(
      scope: string,
      traceId: string,
      nodes: readonly TraceNode[],
      lookedUp?: LookedUp,
    ): Promise<TraceDecision> {
      const calls = nodes.filter(({ kind }) => kind !== 'link');
      const common = {
        isLookedUp: lookedUp !== undefined,
        hasCalls: calls.length > 0,
        ...(calls.length > 0 && { earliest: Math.min(...calls.map(({ span }) => span.startMs)) }),
      };
      const ids = calls.map(({ span }) => span.spanId);
      const adding = [
        ...chunksOf(lookedUp?.charges ?? []).map((charges) => ({
          charges: charges.map(toLuaCharge),
        })),
        ...chunksOf(nodes).map((some) => ({
          spans: some.map((node) => toLuaSpan(node, lookedUp?.below.get(node.span.spanId) ?? 0)),
        })),
      ];
      // What is little goes at once; of what is much all is known before any of it is decided.
      const isLittle = adding.length === 1;
      const deciding = chunksOf(ids).map((decide) => ({ decide }));
      const steps = isLittle ? [{ ...adding[0], decide: ids }] : [...adding, ...deciding];
      const costing = new Set<string>();
      const unkept = new Set<string>();
      let retracting: Retracting[] = [];
      for (const step of steps) {
        const answer = await run(scope, traceId, { ...common, ...step });
        if (answer.forgotten) return { kind: 'forgotten' };
        for (const id of listOf<string>(answer.costing)) costing.add(id);
        for (const id of listOf<string>(answer.unkept)) unkept.add(id);
        retracting = readRetracting(answer.retracting);
      }
      for (const id of ids) if (unkept.has(id)) costing.add(id);
      return { kind: 'decided', costing, retracting, unkept };
    },

    /**
     * Tells that the charges of these spans are with Pub/Sub: what they are within is taken back. Gives everything of the trace
     * that is to be taken back now.
     */
    async confirmPublished(
      scope: string,
      traceId: string,
      spanIds: readonly string[],
      lookedUp?: LookedUp,
    ): Promise<Retracting[]> {
      const around = (lookedUp?.charges ?? []).flatMap(({ spanId, below }) =>
        below > 0 ? [{ id: spanId, below }] : [],
      );
      const common = { isLookedUp: lookedUp !== undefined };
      const steps: Partial<TraceCommand>[] = [
        ...chunksOf(spanIds).map((published) => ({ published })),
        ...chunksOf(around).map((some) => ({ around: some })),
      ];
      if (steps.length === 0) steps.push({});
      steps[steps.length - 1]!.isPublished = true;
      let retracting: Retracting[] = [];
      for (const step of steps) {
        const answer = await run(scope, traceId, { ...common, ...step });
        if (!answer.forgotten) retracting = readRetracting(answer.retracting);
      }
      return retracting;
    },

    /** Remembers that retractions are on their way, so that they are not asked for again. */
    async confirmRetracted(scope: string, traceId: string, spanIds: readonly string[]) {
      const { retracting } = traceKeys(scope, traceId, now());
      for (const some of chunksOf(spanIds)) await asked(redis.srem(retracting, ...some));
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

function toLuaCharge(charge: LedgerCharge): TraceCommand['charges'][number] {
  const { spanId, kind, state, parentSpanId = '' } = charge;
  const rest = formatCharge(charge);
  return { id: spanId, class: CLASS[kind], state: STATE[state], parent: parentSpanId, rest };
}

function toLuaSpan(node: TraceNode, below: Below): TraceCommand['spans'][number] {
  const { spanId, parentSpanId = '' } = node.span;
  const isKept = node.kind !== 'link' && node.cost.isRetractable;
  const rest = isKept ? formatCharge(node.cost) : '';
  return { id: spanId, class: CLASS[node.kind], below, parent: parentSpanId, rest };
}

/** Lua writes an empty list as an empty object. */
function listOf<T>(written: T[] | object): T[] {
  return Array.isArray(written) ? written : [];
}

function readRetracting(written: [string, string][] | object): Retracting[] {
  return listOf<[string, string]>(written).map(([spanId, rest]) => ({
    spanId,
    charge: parseCharge(rest),
  }));
}

function chunksOf<T>(all: readonly T[]): T[][] {
  const count = Math.ceil(all.length / NODES_PER_COMMAND);
  return Array.from({ length: count }, (_, i) =>
    all.slice(i * NODES_PER_COMMAND, (i + 1) * NODES_PER_COMMAND),
  );
}

/** None of the parts can hold a bar. */
function formatCharge({ workspaceId, timeMs, eventId }: Charge): string {
  return `${workspaceId}|${timeMs}|${eventId}`;
}

function parseCharge(text: string): Charge {
  const [workspaceId = '', timeMs = '', eventId = ''] = text.split('|');
  return { workspaceId, timeMs: Number(timeMs), eventId };
}
