import type { Warehouse } from '../cloud/bigquery.ts';
import { AppError } from '../core/errors.ts';
import { MINUTE_MS } from '../core/time.ts';
import type { AwaitedEvents } from './awaited-events.ts';
import type { DecodedDelivery } from './decode.ts';
import type { Entry } from './entry.ts';
import type { Quarantined } from './ledger.ts';
import { identityOf } from './repeats.ts';
import { resolveRetractions } from './resolve-retractions.ts';
import { type Retraction, toUnresolved } from './retraction.ts';

/**
 * How long a retraction is delivered again, counted from the first time somebody could look. Pub/Sub gives a message up after a
 * hundred deliveries, an hour and a half. What is set aside after that still is remembered for its event.
 */
export const MAX_RETRACTION_WAIT_MS = 60 * MINUTE_MS;

/** What a commit has to do about events that are to be taken back. */
export type TakenBack = {
  /** To be appended and applied. */
  negations: Entry[];
  /** Must be delivered again, and why. */
  waiting: Map<DecodedDelivery, unknown>;
  /** What takes nothing back, by the delivery that asked. */
  unresolved: Map<DecodedDelivery, Quarantined[]>;
  /** Their events are taken back once the negations are applied. */
  resolved: Retraction[];
};

/**
 * The retractions of a commit's deliveries, and those that came before their events: `appended` are the entries that the
 * ledger holds since this commit or an earlier one. Others' deliveries do not wait for those that must come again. Never
 * rejects: what cannot be asked makes its deliveries come again.
 */
export async function takeBack(
  options: { warehouse: Pick<Warehouse, 'query'>; awaited: AwaitedEvents; now: () => number },
  deliveries: readonly DecodedDelivery[],
  appended: readonly Entry[],
): Promise<TakenBack> {
  const { warehouse, awaited, now } = options;
  const taken: TakenBack = {
    negations: [],
    waiting: new Map(),
    unresolved: new Map(),
    resolved: [],
  };
  const askedBy = new Map<Retraction, DecodedDelivery[]>();
  const comeAgain = (one: Retraction, error: unknown) => {
    for (const delivery of askedBy.get(one) ?? []) taken.waiting.set(delivery, error);
  };
  for (const delivery of deliveries) {
    for (const one of delivery.retractions) askedBy.set(one, [delivery]);
  }

  // 1. What came before its event. The event is in the ledger before this looks, and a retraction is remembered before the
  // ledger is asked for the last time: one of them always sees the other.
  const deliveriesOf = Map.groupBy(
    deliveries.flatMap((delivery) => delivery.events.map(({ event }) => ({ event, delivery }))),
    ({ event }) => `${event.workspaceId}/${event.id}`,
  );
  const late = new Set<Retraction>();
  try {
    for (const one of await awaited.find(appended)) {
      late.add(one);
      const bringing = deliveriesOf.get(`${one.workspaceId}/${one.eventId}`) ?? [];
      askedBy.set(
        one,
        bringing.map(({ delivery }) => delivery),
      );
    }
  } catch (error) {
    const identities = new Set(appended.map(identityOf));
    for (const [identity, bringing] of deliveriesOf) {
      if (!identities.has(identity)) continue;
      for (const { delivery } of bringing) taken.waiting.set(delivery, error);
    }
  }
  if (askedBy.size === 0) return taken;

  // 2. What the ledger shows of their events.
  const shown = await resolveRetractions(warehouse, [...askedBy.keys()]);
  const { missing, refused, unread } = shown;
  taken.negations = shown.entries;
  taken.resolved = [...shown.found, ...refused];
  for (const [one, error] of unread) comeAgain(one, error);
  const setAside = (one: Retraction, reason: 'orphaned_retraction' | 'refused_retraction') => {
    const [delivery] = askedBy.get(one)!;
    if (delivery === undefined) return;
    const list = taken.unresolved.get(delivery) ?? [];
    taken.unresolved.set(delivery, [...list, toUnresolved(one, reason)]);
  };
  for (const one of refused) setAside(one, 'refused_retraction');

  // 3. What it does not show is remembered; it may still come.
  try {
    for (const [one, since] of await awaited.remember(missing)) {
      const isInVain = now() - since >= MAX_RETRACTION_WAIT_MS && !late.has(one);
      if (isInVain) setAside(one, 'orphaned_retraction');
      else comeAgain(one, notYetInLedger(one));
    }
  } catch (error) {
    for (const one of missing) comeAgain(one, error);
  }
  return taken;
}

function notYetInLedger({ workspaceId, eventId }: Retraction): AppError {
  return new AppError({
    code: 'event_not_in_ledger',
    message: `The ledger does not show ${workspaceId}/${eventId} yet, which is to be taken back`,
    retryable: true,
  });
}
