import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { parseUsd } from '../core/money.ts';
import { parseInstant } from '../core/time.ts';
import { contentHashOf, type Entry } from './entry.ts';
import { repricedIdOf } from './entry-ids.ts';
import { CostEventSchema, MAX_COST_NANO_USD } from './event.ts';

/**
 * A later amendment of an event in the ledger: a row of its own that adds to the event's. It repeats the event's
 * attribution but not its usage, so that the total of any slice stays the sum of its rows. Made by our own
 * services only, and carried on the same topic as events: `{"corrections":[…]}`.
 */
const CorrectionSchema = Type.Object(
  {
    /** The corrected event, without usage, its `costUsd` the difference the correction makes. */
    event: CostEventSchema,
    source: Type.Enum(['price_book', 'override']),
    priceVersion: Type.String({ minLength: 1, maxLength: 256 }),
  },
  { additionalProperties: false },
);
export type Correction = Static<typeof CorrectionSchema>;

const validator = Compile(CorrectionSchema);

/** The entry of a correction as it came over the wire, or undefined when it is not one. */
export function parseCorrection(value: unknown): Entry | undefined {
  if (!validator.Check(value)) return undefined;
  const { event, source, priceVersion } = value;
  const timeMs = parseInstant(event.timestamp);
  if (timeMs === undefined || event.costUsd === undefined || event.usage !== undefined) {
    return undefined;
  }
  const costNanoUsd = parseUsd(event.costUsd);
  if (costNanoUsd > MAX_COST_NANO_USD) return undefined;
  return {
    kind: 'correction',
    entryId: repricedIdOf(event.id),
    event,
    timeMs,
    costNanoUsd,
    costSource: source,
    priceVersion,
    events: 0,
    unpricedEvents: -1,
    contentHash: contentHashOf(event, timeMs),
  };
}
