import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { EVENT_ID_PATTERN, NAME_PATTERN } from '../core/ids.ts';
import { SPAN_ID_PATTERN, TRACE_ID_PATTERN } from '../core/patterns.ts';
import { parseInstant } from '../core/time.ts';
import type { Quarantined } from './ledger.ts';

/**
 * Takes an event back that turned out not to be a cost of its own (a span that repeats what its children used): entries
 * that negate the event's and its correction's, so that every slice still is the sum of its rows. Made by our own
 * services only; travels like a correction: `{"corrections":[{"retraction": {…}}]}`.
 */
const RetractionSchema = Type.Object(
  {
    retraction: Type.Object(
      {
        workspaceId: Type.String({ pattern: NAME_PATTERN, maxLength: 128 }),
        eventId: Type.String({ pattern: EVENT_ID_PATTERN, maxLength: 64 }),
        /** The span that the event is of: nothing else is taken back, whoever asks. */
        traceId: Type.String({ pattern: TRACE_ID_PATTERN }),
        spanId: Type.String({ pattern: SPAN_ID_PATTERN }),
        /** The event's own, as exactly as is known; it is looked for a day around. */
        timestamp: Type.String({ maxLength: 40 }),
        /** When it was made; how long it waits is counted from when it first could not find its event. */
        requestedAt: Type.String({ maxLength: 40 }),
        reason: Type.String({ minLength: 1, maxLength: 256 }),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);
export type RetractionMessage = Static<typeof RetractionSchema>;

/** A retraction as it was received. */
export type Retraction = RetractionMessage['retraction'] & {
  /** Epoch milliseconds. */
  timeMs: number;
  requestedAtMs: number;
  messageId: string;
};

const validator = Compile(RetractionSchema);

/** A retraction as it came over the wire, or undefined when it is none. */
export function parseRetraction(value: unknown, messageId: string): Retraction | undefined {
  if (!validator.Check(value)) return undefined;
  const { retraction } = value;
  const timeMs = parseInstant(retraction.timestamp);
  const requestedAtMs = parseInstant(retraction.requestedAt);
  if (timeMs === undefined || requestedAtMs === undefined) return undefined;
  return { ...retraction, timeMs, requestedAtMs, messageId };
}

/** A retraction as it came over the wire. */
export function toRetractionMessage(retraction: Retraction): RetractionMessage {
  const { timeMs: _, requestedAtMs: __, messageId: ___, ...message } = retraction;
  return { retraction: message };
}

const DETAILS = {
  orphaned_retraction:
    'the event to take back is not in the ledger after an hour; it is taken back if it comes within thirty days',
  refused_retraction:
    'the event under this id is no model call of this trace and span, so it is not taken back',
};

/** What is set aside of a retraction that takes nothing back, and why. */
export function toUnresolved(retraction: Retraction, reason: keyof typeof DETAILS): Quarantined {
  return {
    reason,
    detail: DETAILS[reason],
    workspaceId: retraction.workspaceId,
    eventId: retraction.eventId,
    messageId: retraction.messageId,
    payload: JSON.stringify(toRetractionMessage(retraction)),
  };
}
