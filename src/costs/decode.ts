import { parseCorrection } from './correction.ts';
import type { Entry } from './entry.ts';
import { type CostEvent, MAX_EVENTS_PER_MESSAGE, parseCostEvent, untimelyReason } from './event.ts';
import type { Quarantined } from './ledger.ts';
import { parseRetraction, type Retraction } from './retraction.ts';

/** One Pub/Sub message as it was delivered. */
export type Delivery = { messageId: string; data: Buffer };

/** A valid event and where it came from. */
export type ReceivedEvent = { event: CostEvent; timeMs: number; messageId: string; index: number };

export type DecodedDelivery = {
  events: ReceivedEvent[];
  corrections: Entry[];
  retractions: Retraction[];
  quarantined: Quarantined[];
  /** Size of the message's data. */
  bytes: number;
};

/**
 * Takes a delivery apart: its valid events, corrections and retractions, and what must be set aside with the reason. A bad
 * event never takes its neighbours with it. Never throws. `now` is epoch milliseconds.
 */
export function decodeDelivery(delivery: Delivery, now: number): DecodedDelivery {
  const bytes = delivery.data.length;
  const decoded: DecodedDelivery = {
    events: [],
    corrections: [],
    retractions: [],
    quarantined: [],
    bytes,
  };
  const { messageId } = delivery;
  const text = delivery.data.toString('utf8');
  const setAsideMessage = (detail: string): DecodedDelivery => {
    decoded.quarantined.push({ reason: 'malformed_message', detail, messageId, payload: text });
    return decoded;
  };

  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    return setAsideMessage(`data is not JSON: ${(error as Error).message}`);
  }
  const { events = [], corrections = [] } = (body ?? {}) as Record<string, unknown>;
  if (!Array.isArray(events) || !Array.isArray(corrections)) {
    return setAsideMessage('data must be {"events": [...]}');
  }
  const count = events.length + corrections.length;
  if (count === 0) return setAsideMessage('data holds no events: it must be {"events": [...]}');
  if (count > MAX_EVENTS_PER_MESSAGE) {
    return setAsideMessage(
      `data holds ${count} events, at most ${MAX_EVENTS_PER_MESSAGE} are allowed`,
    );
  }

  events.forEach((value: unknown, index) => {
    const parsed = parseCostEvent(value, { now });
    if (parsed.kind === 'valid') {
      decoded.events.push({ event: parsed.event, timeMs: parsed.timeMs, messageId, index });
      return;
    }
    const detail = parsed.errors.map(({ field, reason }) => `${field} ${reason}`).join('; ');
    decoded.quarantined.push({
      reason: 'invalid_event',
      detail,
      ...claimedIdentity(value),
      messageId,
      eventIndex: index,
      payload: payloadOf(value),
    });
  });
  corrections.forEach((value: unknown, index) => {
    const entry = parseCorrection(value);
    if (entry !== undefined) {
      decoded.corrections.push(entry);
      return;
    }
    const retraction = parseRetraction(value, messageId);
    // Nothing can have been charged then, and a look at the ledger of that time costs.
    const untimely = retraction && untimelyReason(retraction.timeMs, now);
    if (retraction !== undefined && untimely === undefined) {
      decoded.retractions.push(retraction);
      return;
    }
    const payload = payloadOf(value);
    decoded.quarantined.push({
      reason: 'invalid_event',
      detail: untimely === undefined ? 'is not a correction' : `retraction.timestamp ${untimely}`,
      workspaceId: retraction?.workspaceId,
      eventId: retraction?.eventId,
      messageId,
      eventIndex: index,
      payload,
    });
  });
  return decoded;
}

/** The text of an invalid event; one nested deeper than can be written is not kept. */
function payloadOf(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return '(nested too deeply to be kept)';
  }
}

/** The workspace and id that an invalid event claims, where they are short texts: to find it by. */
function claimedIdentity(value: unknown): { workspaceId?: string; eventId?: string } {
  const { workspaceId, id } = (value ?? {}) as Record<string, unknown>;
  const short = (text: unknown) =>
    typeof text === 'string' && text.length <= 128 && text.isWellFormed() ? text : undefined;
  return { workspaceId: short(workspaceId), eventId: short(id) };
}
