import { parseInstant } from '../../src/core/time.ts';
import { contentHashOf, type Entry } from '../../src/costs/entry.ts';
import { createPriceBook } from '../../src/costs/pricing/price-book.ts';
import { benchEvents } from './events.ts';

/** Makes priced entries of one message's events, as the spine hands them to the rollups. */
export function createBenchEntries(): (message: number, count: number) => Entry[] {
  const book = createPriceBook();
  return (message, count) =>
    benchEvents(message, count, 'entries').map((event) => {
      const timeMs = parseInstant(event.timestamp)!;
      const { provider, model, usage = {} } = event;
      const price = book.price({ provider, model, at: timeMs, usage });
      if (price.kind === 'unpriced') throw new Error(`${provider}/${model} has no price`);
      return {
        kind: 'event',
        entryId: event.id,
        event,
        timeMs,
        costNanoUsd: price.costNanoUsd,
        costSource: price.source,
        priceVersion: price.priceVersion,
        events: 1,
        unpricedEvents: 0,
        contentHash: contentHashOf(event, timeMs),
      };
    });
}
