import { type Context, createContextKey } from '@opentelemetry/api';

/** Where a model call stands among traced calls around it and within it, which may be the very same call told of twice. */
export type Nesting = {
  /** Calls of other operations within, such as an embedding in a chat, are other calls. */
  operation: string;
  outer: Nesting | undefined;
  /** The span of the first call within that was told of as costing something. */
  coveredBy: string | undefined;
  /** How many calls within have not ended. */
  underWay: number;
  /** Ends this call, which waits for those within. */
  resume: (() => void) | undefined;
};

const CALL = createContextKey('agentworks model call');

/** The place of a model call that begins here; those around it count it as under way. */
export function nestingAt(at: Context, operation: string): Nesting {
  const outer = at.getValue(CALL) as Nesting | undefined;
  const nesting: Nesting = {
    operation,
    outer,
    coveredBy: undefined,
    underWay: 0,
    resume: undefined,
  };
  for (const around of samesAround(nesting)) around.underWay += 1;
  return nesting;
}

/** The context within a model call. */
export function withinCall(at: Context, nesting: Nesting): Context {
  return at.setValue(CALL, nesting);
}

/** The context of a run or a tool call: what models are called there for is its own. */
export function outsideOfCalls(at: Context): Context {
  return at.deleteValue(CALL);
}

/** Tells the calls around one that it has ended: `coveredBy` is the span that tells what it costs, if it costs something. */
export function endWithin(nesting: Nesting, coveredBy: string | undefined): void {
  for (const around of samesAround(nesting)) {
    around.underWay -= 1;
    around.coveredBy ??= coveredBy;
    if (around.underWay === 0 || around.coveredBy !== undefined) around.resume?.();
  }
}

function samesAround({ operation, outer }: Nesting): Nesting[] {
  const around: Nesting[] = [];
  for (let one = outer; one !== undefined; one = one.outer) {
    if (one.operation === operation) around.push(one);
  }
  return around;
}
