import { setTimeout as pause } from 'node:timers/promises';
import { errorMessage, type FieldError } from '../core/errors.ts';
import type { CostEvent } from './event.ts';
import type { Delivery, DeliveryOutcome } from './reporter-delivery.ts';
import type { DeliveryFailure } from './reporter-options.ts';

/** One accepted event as it will be sent; `bytes` of UTF-8, the separating comma included. */
export type Item = { json: string; bytes: number };

/** What `deliverItems` tells its caller: each item comes exactly once, acknowledged or failed. */
export type DeliveryProgress = {
  acknowledged(items: readonly Item[]): void;
  failed(items: readonly Item[], failure: DeliveryFailure): void;
  retrying(): void;
};

const FIRST_BACKOFF_MS = 200;
const MAX_BACKOFF_MS = 30_000;

/**
 * Delivers one batch: tries until it is acknowledged, refused for good, `retryForMs` have passed, or `giveUp`
 * fires. A refusal that names single items costs only these; the others are sent again without them. Ids never
 * change between attempts, so a repeated one cannot count twice. Never rejects.
 */
export async function deliverItems(
  batch: readonly Item[],
  options: {
    delivery: Delivery;
    retryForMs: number;
    giveUp: AbortSignal;
    now: () => number;
    progress: DeliveryProgress;
  },
): Promise<void> {
  const { delivery, retryForMs, giveUp, now, progress } = options;
  const deadline = now() + retryForMs;
  let items = batch;
  let attempt = 0;
  const fail = (
    lost: readonly Item[],
    reason: DeliveryFailure['reason'],
    message: string,
    details: FieldError[] = [],
  ) => {
    const events = lost.map((item) => JSON.parse(item.json) as CostEvent);
    progress.failed(lost, { reason, message, events, details });
  };

  while (items.length > 0) {
    const outcome = await attemptUnless(giveUp, delivery, items);
    if (outcome.kind === 'acknowledged') return progress.acknowledged(items);
    if (outcome.kind === 'refused') {
      const { atFault, others, details } = splitRefused(items, outcome.details);
      fail(atFault, 'refused', outcome.reason, details);
      items = others;
      continue;
    }
    if (giveUp.aborted) return fail(items, 'closed', outcome.reason);
    if (now() >= deadline) return fail(items, 'retries-exhausted', outcome.reason);
    attempt += 1;
    progress.retrying();
    const waitMs = outcome.afterMs ?? backoffMs(attempt);
    // Interrupted by `giveUp`; the next attempt then fails the items.
    await pause(waitMs, undefined, { ref: false, signal: giveUp }).catch(() => {});
  }
}

function attemptUnless(
  giveUp: AbortSignal,
  delivery: Delivery,
  items: readonly Item[],
): Promise<DeliveryOutcome> {
  const closed: DeliveryOutcome = { kind: 'retry', reason: 'closed before it was acknowledged' };
  if (giveUp.aborted) return Promise.resolve(closed);
  const { promise, resolve } = Promise.withResolvers<DeliveryOutcome>();
  const onAbort = () => resolve(closed);
  giveUp.addEventListener('abort', onAbort, { once: true });
  void delivery
    .send(`{"events":[${items.map((item) => item.json).join(',')}]}`)
    .catch((error): DeliveryOutcome => ({ kind: 'retry', reason: errorMessage(error) }))
    .then((outcome) => {
      giveUp.removeEventListener('abort', onAbort);
      resolve(outcome);
    });
  return promise;
}

/** The items a refusal names, all of them when it names none, and its details counted within these. */
function splitRefused(
  items: readonly Item[],
  details: readonly FieldError[],
): { atFault: Item[]; others: Item[]; details: FieldError[] } {
  const named = [...new Set(details.map(({ index = -1 }) => index))].filter(
    (index) => items[index] !== undefined,
  );
  if (named.length === 0) return { atFault: [...items], others: [], details: [...details] };
  return {
    atFault: named.map((index) => items[index]!),
    others: items.filter((_, index) => !named.includes(index)),
    details: details.flatMap((detail) => {
      const index = named.indexOf(detail.index ?? -1);
      return index === -1 ? [] : [{ ...detail, index }];
    }),
  };
}

/** Exponential with full jitter, so that many instances do not come back in step. */
function backoffMs(attempt: number): number {
  return Math.random() * Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** attempt);
}
