import { parseUsd } from '../core/money.ts';
import type { ReceivedEvent } from './decode.ts';
import { contentHashOf, type Entry } from './entry.ts';
import type { PriceBook } from './pricing/price-book.ts';

/** The event with its amount: as reported, by the book in force when it arose, or counted as unpriced. Pure. */
export function priceEvent(received: ReceivedEvent, book: PriceBook): Entry {
  const { event, timeMs } = received;
  const base = {
    kind: 'event',
    entryId: event.id,
    event,
    timeMs,
    events: 1,
    contentHash: contentHashOf(event, timeMs),
  } as const;
  if (event.costUsd !== undefined) {
    const costNanoUsd = parseUsd(event.costUsd);
    return { ...base, costNanoUsd, costSource: 'reported', unpricedEvents: 0 };
  }
  const price = book.price({
    provider: event.provider,
    model: event.model ?? '',
    at: timeMs,
    usage: event.usage ?? {},
    workspaceId: event.workspaceId,
  });
  if (price.kind === 'unpriced') {
    const { reason } = price;
    return {
      ...base,
      costNanoUsd: 0n,
      costSource: 'unpriced',
      unpricedReason: reason,
      unpricedEvents: 1,
    };
  }
  const { costNanoUsd, source, priceVersion } = price;
  return { ...base, costNanoUsd, costSource: source, priceVersion, unpricedEvents: 0 };
}
