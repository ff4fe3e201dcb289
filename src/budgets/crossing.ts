import type { Publisher } from '../cloud/pubsub.ts';
import type { NanoUsd } from '../core/money.ts';
import type { Movement } from '../costs/rollups/meters.ts';
import type { Settings } from '../settings/settings.ts';
import { type Budget, listBudgets, thresholdAmount } from './budget.ts';
import { formatCheckRequest } from './check-request.ts';
import { isTooEarly, projectPeriod } from './evaluate.ts';

/** What a counted batch did to the meters of a workspace. */
export type Moved = {
  movements: readonly Movement[];
  /** Sums were rebuilt on the way, so that movements may be missing. */
  rebuilt: boolean;
};

/**
 * Asks for a check of the budgets whose thresholds a counted batch crossed, by a message on the topic `budget-checks`:
 * `{"workspaceId": "acme", "budgetIds": ["b1"]}`, without `budgetIds` for all. Only asks: whether somebody is told is
 * for the check to decide. A second call asks again, which does no harm. Never rejects: what fails is handed to
 * `onError`, and the schedule finds what was missed.
 */
export function createCrossingReport({
  settings,
  publisher,
  now,
  onError,
}: {
  settings: Pick<Settings, 'list'>;
  /** Of the topic `budget-checks`. */
  publisher: Pick<Publisher, 'publish'>;
  /** Epoch milliseconds. */
  now: () => number;
  onError: (error: unknown, workspaceId: string) => void;
}): (workspaceId: string, moved: Moved) => Promise<void> {
  return async (workspaceId, { movements, rebuilt }) => {
    if (movements.length === 0 && !rebuilt) return;
    try {
      // Fresh: a budget or limit that was set a moment ago must not wait for the schedule.
      const budgets = await listBudgets(settings, workspaceId, { fresh: true });
      const budgetIds = rebuilt ? undefined : crossedBudgets(budgets, movements, now());
      if (budgets.length === 0 || budgetIds?.length === 0) return;
      await publisher.publish(formatCheckRequest({ workspaceId, ...(budgetIds && { budgetIds }) }));
    } catch (error) {
      onError(error, workspaceId);
    }
  };
}

/** The ids of the budgets of which a movement within the present period crossed a threshold upwards. Pure. */
function crossedBudgets(
  budgets: readonly Budget[],
  movements: readonly Movement[],
  now: number,
): string[] {
  const current = movements.filter(({ span }) => span.startMs <= now && now < span.endMs);
  return budgets
    .filter((budget) =>
      current.some(
        (movement) => movement.meter.id === budget.meter.id && crosses(budget, movement, now),
      ),
    )
    .map(({ id }) => id);
}

function crosses(budget: Budget, { span, before, after }: Movement, now: number): boolean {
  const { limitNanoUsd, thresholdsPercent } = budget;
  const isCrossed = (percents: readonly number[], from: NanoUsd, to: NanoUsd): boolean =>
    percents.some((percent) => {
      const amount = thresholdAmount(limitNanoUsd, percent);
      return from < amount && amount <= to;
    });
  if (isCrossed(thresholdsPercent.spend, before, after)) return true;
  if (isTooEarly(span, now)) return false;
  const project = (spend: NanoUsd) => projectPeriod(spend, span, now);
  return isCrossed(thresholdsPercent.projection, project(before), project(after));
}
