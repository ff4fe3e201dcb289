import type { LogEntry } from '../logging/entry.ts';
import type { Json, JsonObject } from '../logging/struct.ts';

/** What tells one line of an agent from the next; only what it says. */
export type LogFacts = {
  agentId?: string;
  model?: string;
  tool?: string;
  /** Decimal text, all its digits. */
  costUsd?: string;
  durationMs?: number;
  errorType?: string;
  errorMessage?: string;
};

/** What somebody gave a line to say: its `fields`, or all of its payload but the message. Pure. */
export function fieldsOf({ jsonPayload = {} }: Pick<LogEntry, 'jsonPayload'>): JsonObject {
  const { fields, message: _, ...others } = jsonPayload;
  return objectOf(fields) ?? others;
}

/** The facts among the fields of a line; `latencyMs` is a duration too, and an `error` tells its type and message. Pure. */
export function factsOf(entry: Pick<LogEntry, 'jsonPayload'>): LogFacts {
  const fields = fieldsOf(entry);
  const error = objectOf(fields.error);
  const facts: LogFacts = {
    agentId: textOf(fields.agentId),
    model: textOf(fields.model),
    tool: textOf(fields.tool),
    costUsd: textOf(fields.costUsd),
    durationMs: numberOf(fields.durationMs) ?? numberOf(fields.latencyMs),
    errorType: textOf(fields.errorType) ?? textOf(error?.code) ?? textOf(error?.name),
    errorMessage: textOf(fields.errorMessage) ?? textOf(error?.message) ?? textOf(fields.error),
  };
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}

const objectOf = (value: Json | undefined): JsonObject | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;

const textOf = (value: Json | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

const numberOf = (value: Json | undefined): number | undefined =>
  typeof value === 'number' ? value : undefined;
