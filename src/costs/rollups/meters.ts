import { hash } from 'node:crypto';
import { getOrInsert } from '../../core/maps.ts';
import type { NanoUsd } from '../../core/money.ts';
import { type Calendar, type Span, spanAt } from '../../core/periods.ts';
import type { Entry } from '../entry.ts';
import type { CostEvent } from '../event.ts';
import type { Block } from './cells.ts';
import { METER_FIELD, METER_RETENTION_MS, meterKey } from './keys.ts';

/** Whose costs a meter sums: all of a workspace, or what is attributed to one value of one dimension. */
export type MeterScope =
  | { dimension: 'workspace' }
  | {
      dimension: 'project' | 'agent' | 'model' | 'provider' | 'user' | 'team';
      value: string;
    }
  | { dimension: 'label'; key: string; value: string };

/**
 * A sum that a workspace's projection keeps beside its buckets, because no buckets add up to it: the costs of one
 * scope per period of one calendar. Equal scopes and calendars are one meter, whoever asks for it.
 */
export type Meter = {
  /** Follows from scope and calendar. */
  id: string;
  scope: MeterScope;
  calendar: Calendar;
};

/** The meters that a projection keeps. Equal sets have equal tags; none has the tag ''. */
export type MeterSet = { tag: string; meters: readonly Meter[] };

export const NO_METERS: MeterSet = { tag: '', meters: [] };

/** What one counted batch did to one period of a meter: its sum before and after. */
export type Movement = { meter: Meter; span: Span; before: NanoUsd; after: NanoUsd };

/** The meter of a scope in a calendar. */
export function createMeter(scope: MeterScope, calendar: Calendar): Meter {
  const id = hash('sha256', JSON.stringify([identityOf(scope), identityOf(calendar)]), 'base64url');
  return { id: id.slice(0, 16), scope, calendar };
}

/** The meters as a set, each once. */
export function meterSetOf(meters: Iterable<Meter>): MeterSet {
  const byId = new Map([...meters].map((meter) => [meter.id, meter]));
  if (byId.size === 0) return NO_METERS;
  const ids = [...byId.keys()].sort();
  const tag = hash('sha256', ids.join(' '), 'base64url').slice(0, 16);
  return { tag, meters: ids.map((id) => byId.get(id)!) };
}

/** What a batch of entries adds to one period of one meter, as a block of increments. */
export type MeterBlock = { meter: Meter; span: Span; increment: NanoUsd; block: Block };

/** The period of a meter that holds an instant (epoch ms). */
export type SpanLookup = (meter: Meter, ms: number) => Span;

/** Remembers the last periods of each meter, because time zones are slow to ask. */
export function createSpanLookup(): SpanLookup {
  const spansOf = new WeakMap<Meter, Span[]>();
  return (meter, ms) => {
    const known = spansOf.get(meter) ?? [];
    const found = known.find((span) => span.startMs <= ms && ms < span.endMs);
    if (found !== undefined) return found;
    const span = spanAt(meter.calendar, ms);
    spansOf.set(meter, [span, ...known.slice(0, MAX_REMEMBERED_SPANS - 1)]);
    return span;
  };
}

const MAX_REMEMBERED_SPANS = 8;

/**
 * What a batch of entries of one workspace adds to which periods of its meters. Periods that have expired by `now`
 * (epoch ms) get nothing, and where nothing is added there is no block. Entries may come in any order.
 */
export function toMeterBlocks(
  workspaceId: string,
  meters: readonly Meter[],
  entries: readonly Entry[],
  now: number,
  spanOf: SpanLookup,
): MeterBlock[] {
  return meters.flatMap((meter) => {
    const sums = new Map<number, { span: Span; increment: NanoUsd }>();
    for (const { event, timeMs, costNanoUsd } of entries) {
      if (!isInScope(meter.scope, event)) continue;
      const span = spanOf(meter, timeMs);
      const sum = getOrInsert(sums, span.startMs, () => ({ span, increment: 0n }));
      sum.increment += costNanoUsd;
    }
    return [...sums.values()]
      .filter(({ span, increment }) => increment !== 0n && isKept(span, now))
      .map(({ span, increment }) => {
        const key = meterKey(workspaceId, meter.id, span.startMs);
        const expiresAtMs = span.endMs + METER_RETENTION_MS;
        const fields: Block['fields'] = [[METER_FIELD, increment.toString()]];
        const block = { targets: [{ key, expiresAtMs, bound: true }], fields, totals: 1 };
        return { meter, span, increment, block };
      });
  });
}

/** The periods of a meter that hold costs which Redis keeps at `now` (epoch ms), the next one included. */
export function keptSpans(meter: Meter, now: number): Span[] {
  const current = spanAt(meter.calendar, now);
  // Events may lie a little ahead.
  const spans = [spanAt(meter.calendar, current.endMs)];
  for (let span = current; isKept(span, now); span = spanAt(meter.calendar, span.startMs - 1)) {
    spans.push(span);
  }
  return spans;
}

function isKept(span: Span, now: number): boolean {
  return span.endMs + METER_RETENTION_MS > now;
}

/** Whether the costs of an event are the scope's. */
export function isInScope(scope: MeterScope, event: CostEvent): boolean {
  switch (scope.dimension) {
    case 'workspace':
      return true;
    case 'project':
      return event.projectId === scope.value;
    case 'agent':
      return event.agentId === scope.value;
    case 'model':
      return event.model === scope.value;
    case 'provider':
      return event.provider === scope.value;
    case 'user':
      return event.userId === scope.value;
    case 'team':
      return event.teamId === scope.value;
    case 'label':
      return event.labels !== undefined && event.labels[scope.key] === scope.value;
  }
}

/** The same for equal objects, whatever the order of their fields. */
function identityOf(fields: object): [string, unknown][] {
  return Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
