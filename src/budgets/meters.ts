import { type Meter, meterSetOf } from '../costs/rollups/meters.ts';
import type { Settings } from '../settings/settings.ts';
import { listBudgets } from './budget.ts';

/** The meters that the budgets of a workspace need, each once; with `fresh` as of now. */
export async function listBudgetMeters(
  settings: Pick<Settings, 'list'>,
  workspaceId: string,
  { fresh }: { fresh: boolean },
): Promise<Meter[]> {
  const budgets = await listBudgets(settings, workspaceId, { fresh });
  return [...meterSetOf(budgets.map(({ meter }) => meter)).meters];
}
