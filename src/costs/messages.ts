import type { Publisher } from '../cloud/pubsub.ts';
import { AppError } from '../core/errors.ts';
import type { Correction } from './correction.ts';
import { type CostEvent, MAX_EVENTS_PER_MESSAGE, MAX_MESSAGE_BYTES } from './event.ts';
import type { RetractionMessage } from './retraction.ts';

/** What the messages of the topic `cost-events` hold, by the field it stands in. */
export type MessageEntries = { events: CostEvent; corrections: Correction | RetractionMessage };

/**
 * Publishes entries in as few messages as hold them, side by side; resolves when Pub/Sub has them all. Throws `unavailable`
 * (retryable; some may have been stored all the same, which is why they have ids).
 */
export async function publishEntries<Field extends keyof MessageEntries>(
  publisher: Pick<Publisher, 'publish'>,
  field: Field,
  entries: readonly MessageEntries[Field][],
): Promise<void> {
  const messages = toMessages(field, entries);
  const outcomes = await Promise.allSettled(messages.map((message) => publisher.publish(message)));
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure === undefined) return;
  throw new AppError({
    code: 'unavailable',
    message: `Publishing cost events failed: ${failure.reason}`,
    publicMessage: 'The events could not all be handed on; send the same ones again.',
    retryable: true,
    cause: failure.reason,
  });
}

/**
 * The entries as the data of Pub/Sub messages, `{"events":[…]}`, each within the bounds of one message, and retractions
 * each in a message of its own. They keep their order. An entry is far smaller than a message (the schemas bound every field).
 */
export function toMessages<Field extends keyof MessageEntries>(
  field: Field,
  entries: readonly MessageEntries[Field][],
): Buffer[] {
  const messages: Buffer[] = [];
  const envelopeBytes = `{"${field}":[]}`.length;
  let texts: string[] = [];
  let bytes = envelopeBytes;
  const close = () => {
    if (texts.length > 0) messages.push(Buffer.from(`{"${field}":[${texts.join(',')}]}`));
    texts = [];
    bytes = envelopeBytes;
  };
  for (const entry of entries) {
    const text = JSON.stringify(entry);
    const size = Buffer.byteLength(text) + 1;
    if (texts.length === MAX_EVENTS_PER_MESSAGE || bytes + size > MAX_MESSAGE_BYTES) close();
    // A retraction may have to be delivered again for an hour, which is nobody else's business.
    const isAlone = 'retraction' in entry;
    if (isAlone) close();
    texts.push(text);
    bytes += size;
    if (isAlone) close();
  }
  close();
  return messages;
}
