import type { Alert } from '../alerts/alert.ts';
import type { Notice, Notices } from '../alerts/notices.ts';
import type { Alerts } from '../alerts/raise.ts';
import type { Redis } from '../cloud/redis.ts';
import { errorMessage } from '../core/errors.ts';
import { PLATFORM_SCOPE } from '../core/ids.ts';
import type { NanoUsd } from '../core/money.ts';
import { type Span, spanAt } from '../core/periods.ts';
import type { MeterReader } from '../costs/rollups/meter-reader.ts';
import { meterSetOf } from '../costs/rollups/meters.ts';
import type { Rebuild } from '../costs/rollups/rebuild.ts';
import type { Settings } from '../settings/settings.ts';
import { type Budget, listBudgets } from './budget.ts';
import { composeBudgetAlert } from './compose.ts';
import { type Evaluation, evaluate, type Tell } from './evaluate.ts';
import { withCheckLock } from './lock.ts';
import type { Recommend } from './recommendations.ts';
import { checkSpike, type SpikeDecision } from './spikes.ts';
import { noticeSubject } from './told.ts';
import { readMonthSpent, workspaceNameOf } from './workspace.ts';

/** What one budget had to say. */
export type BudgetVerdict = {
  budgetId: string;
  span: Span;
  spendNanoUsd: NanoUsd;
} & Evaluation;

export type CheckReport = {
  workspaceId: string;
  budgets: BudgetVerdict[];
  /** Ids of the alerts that were raised. */
  raised: string[];
};

/** What a check of everything found; a workspace that failed is not among the others' counts. */
export type CheckAllReport = {
  workspaces: number;
  budgets: number;
  raised: number;
  spikes: number;
  failed: { workspaceId: string; reason: string }[];
};

export type BudgetCheck = ReturnType<typeof createBudgetCheck>;

const WORKSPACES_AT_ONCE = 16;

/**
 * The one check of budgets, whoever asks for it: the push at a crossing and the schedule alike. However often and by
 * how many it is done at the same time, nothing is told twice.
 */
export function createBudgetCheck(options: {
  settings: Pick<Settings, 'list' | 'get' | 'scopes'>;
  redis: Redis;
  meters: Pick<MeterReader, 'ensure' | 'read'>;
  rebuild: Rebuild;
  notices: Pick<Notices, 'of'>;
  alerts: Pick<Alerts, 'raise'>;
  recommend: Recommend;
  /** Epoch milliseconds. */
  now: () => number;
}) {
  const { settings, redis, meters, rebuild, notices, alerts, recommend, now } = options;

  /** For whoever holds the workspace's lock. */
  async function judge(
    workspaceId: string,
    budgetIds?: readonly string[],
  ): Promise<{ verdicts: BudgetVerdict[]; budgets: Map<string, Budget> }> {
    const all = await listBudgets(settings, workspaceId, { fresh: true });
    await meters.ensure(workspaceId, meterSetOf(all.map(({ meter }) => meter)).meters);
    const wanted = all.filter(({ id }) => budgetIds?.includes(id) ?? true);
    if (wanted.length === 0) return { verdicts: [], budgets: new Map() };
    const at = now();
    const periods = wanted.map(({ meter }) => ({ meter, span: spanAt(meter.calendar, at) }));
    const spends = await meters.read(workspaceId, periods);
    const told: ReadonlyMap<string, Notice> = await notices.of(workspaceId);
    const verdicts = wanted.map((budget, i) => {
      const { span } = periods[i]!;
      const spendNanoUsd = spends[i]!;
      // The clock of now: a period that ended while sums and notices were read is not judged any more.
      const facts = { budget, span, spendNanoUsd, notices: told, now: now() };
      return { budgetId: budget.id, span, spendNanoUsd, ...evaluate(facts) };
    });
    return { verdicts, budgets: new Map(wanted.map((budget) => [budget.id, budget])) };
  }

  async function compose(
    workspaceId: string,
    budget: Budget,
    verdict: BudgetVerdict,
    tell: Tell,
  ): Promise<Alert> {
    const { span, spendNanoUsd, projectedNanoUsd } = verdict;
    const at = now();
    const [workspaceName, monthSpentNanoUsd, recommendations] = await Promise.all([
      workspaceNameOf(settings, workspaceId),
      readMonthSpent(redis, workspaceId, at),
      recommend({ workspaceId, scope: budget.meter.scope, span, now: at }),
    ]);
    return composeBudgetAlert(
      { workspaceId, workspaceName, monthSpentNanoUsd, recommendations, now: at },
      { budget, span, spendNanoUsd, projectedNanoUsd, tell },
    );
  }

  async function checkBudgets(
    workspaceId: string,
    budgetIds?: readonly string[],
  ): Promise<CheckReport> {
    const { verdicts, budgets } = await judge(workspaceId, budgetIds);
    const telling = verdicts.flatMap((verdict) =>
      [verdict.spend, verdict.projection]
        .filter((decision) => decision.kind === 'tell')
        .map((tell) => ({ verdict, tell, budget: budgets.get(verdict.budgetId)! })),
    );
    // Recommendations may take a while, all of them together no longer than one.
    const composed = await Promise.all(
      telling.map(async ({ budget, verdict, tell }) => ({
        alert: await compose(workspaceId, budget, verdict, tell),
        notice: {
          subject: noticeSubject(budget, verdict.span, tell.of),
          amountNanoUsd: tell.amountNanoUsd,
        },
      })),
    );
    const raised: string[] = [];
    const errors: unknown[] = [];
    for (const { alert, notice } of composed) {
      await alerts.raise(alert, notice).then(
        () => raised.push(alert.id),
        (error: unknown) => errors.push(error),
      );
    }
    if (errors.length > 0) throw errors[0];
    return { workspaceId, budgets: verdicts, raised };
  }

  async function checkEverythingOf(
    workspaceId: string,
  ): Promise<{ report: CheckReport; spike: SpikeDecision }> {
    return withCheckLock(redis, workspaceId, async () => {
      const report = await checkBudgets(workspaceId);
      const deps = { settings, redis, rebuild, notices, alerts, recommend, now };
      return { report, spike: await checkSpike(deps, workspaceId) };
    });
  }

  return {
    /**
     * Checks the budgets of a workspace, or those of them that are named:
     *
     * 1. Wait for the workspace's lock: of many checks at once one decides, the next one finds what it said.
     * 2. Read the budgets as of now; have the projection keep their meters; read what each scope spent in its present
     *    period, exactly, and what was spoken of before. What cannot be read is an error, never a zero.
     * 3. Decide, purely (`evaluate`). A period that is over or has not begun is not judged.
     * 4. Raise what is to be told. Each alert's id follows from its condition, so a check that died between raising and
     *    noting is repeated under the same id, and delivery sends it once.
     *
     * Throws `budget_check_busy`, `meter_absent`, and what settings, notices and alerts throw; all that is retryable
     * may be repeated at once. One alert that cannot be raised does not hold up the others.
     */
    async checkWorkspace(workspaceId: string, budgetIds?: readonly string[]): Promise<CheckReport> {
      return withCheckLock(redis, workspaceId, () => checkBudgets(workspaceId, budgetIds));
    },

    /**
     * Checks the budgets of every workspace that has any, and the daily costs of those and of every workspace that has
     * a channel (`checkSpike`). The trouble of one workspace is reported and fails nobody else. Throws only when the
     * workspaces cannot be listed.
     */
    async checkAll(): Promise<CheckAllReport> {
      const scopes = await Promise.all([settings.scopes('budget'), settings.scopes('channel')]);
      const workspaceIds = new Set(scopes.flat());
      workspaceIds.delete(PLATFORM_SCOPE);
      const report: CheckAllReport = {
        workspaces: 0,
        budgets: 0,
        raised: 0,
        spikes: 0,
        failed: [],
      };
      const queue = workspaceIds.values();
      const work = async (): Promise<void> => {
        for (const workspaceId of queue) {
          try {
            const done = await checkEverythingOf(workspaceId);
            report.workspaces += 1;
            report.budgets += done.report.budgets.length;
            report.raised += done.report.raised.length;
            if (done.spike.kind === 'tell') report.spikes += 1;
          } catch (error) {
            report.failed.push({ workspaceId, reason: errorMessage(error) });
          }
        }
      };
      await Promise.all(Array.from({ length: WORKSPACES_AT_ONCE }, work));
      return report;
    },
  };
}
