import { type Alert, alertId, type Recommendation } from '../../alerts/alert.ts';
import type { Alerts } from '../../alerts/raise.ts';
import { takesType } from '../../alerts/routing.ts';
import { PLATFORM_SCOPE } from '../../core/ids.ts';
import { formatDollarsRounded, parseUsd } from '../../core/money.ts';
import { DAY_MS, dayOf, formatInstant } from '../../core/time.ts';
import type { Settings } from '../../settings/settings.ts';
import type { RunReport, Runs } from '../runs.ts';
import type { InsightKind } from './insight.ts';
import type { Insights } from './insights.ts';
import type { InsightReport } from './report.ts';

const WEEK_MS = 7 * DAY_MS;
/** 5 January 1970, the first Monday. */
const FIRST_MONDAY_MS = 4 * DAY_MS;
/** So many workspaces are read in one pass. */
const WORKSPACES_AT_ONCE = 500;
const MAX_RECOMMENDATIONS = 5;

export type WeeklyInsights = ReturnType<typeof createWeeklyInsights>;

/** Tells workspaces of each UTC week what is worth knowing of it, where one of their channels asks for it by its types. */
export function createWeeklyInsights(options: {
  settings: Pick<Settings, 'scopes' | 'list'>;
  insights: Pick<Insights, 'reports'>;
  alerts: Pick<Alerts, 'raise'>;
  runs: Pick<Runs, 'run'>;
  /** Epoch milliseconds. */
  now: () => number;
}) {
  const { settings, insights, alerts, runs, now } = options;

  /** Workspaces with a channel whose types name insights. */
  async function subscribers(): Promise<string[]> {
    const scopes = (await settings.scopes('channel')).filter((scope) => scope !== PLATFORM_SCOPE);
    const lists = await Promise.all(scopes.map((scope) => settings.list('channel', scope)));
    return scopes.filter((_, at) =>
      lists[at]!.some(({ body }) => takesType(body.types, 'insight')),
    );
  }

  return {
    /**
     * Raises one alert for each workspace that asked and has insights, about the last week that ended (Monday to Monday,
     * UTC) since the last successful run. Weeks before that are left out: they are no news. Raised again, after a run that
     * failed, an alert has the same id. Throws, after the run was recorded, what failed.
     */
    async run(): Promise<RunReport> {
      const plan = { job: 'weekly-insights', everyMs: WEEK_MS, catchUpMs: 2 * WEEK_MS };
      return runs.run(plan, async ({ fromMs, toMs }) => {
        const weekEndMs = mondayBefore(toMs);
        if (weekEndMs <= fromMs) return NOTHING;
        const period = { fromMs: weekEndMs - WEEK_MS, toMs: weekEndMs };
        const workspaceIds = await subscribers();
        let opened = 0;
        for (let first = 0; first < workspaceIds.length; first += WORKSPACES_AT_ONCE) {
          const some = workspaceIds.slice(first, first + WORKSPACES_AT_ONCE);
          for (const report of await insights.reports(some, period)) {
            const alert = composeWeekly(report, now());
            if (alert.kind === 'quiet') continue;
            await alerts.raise(alert.alert);
            opened += 1;
          }
        }
        return { ...NOTHING, found: opened, opened };
      });
    },
  };
}

const NOTHING = { found: 0, opened: 0, seen: 0, closed: 0 };

/** The alert about a week of a workspace: its id is the workspace's and the week's. Pure. */
export function composeWeekly(
  report: InsightReport,
  nowMs: number,
): { kind: 'tell'; alert: Alert } | { kind: 'quiet'; reason: 'nothing-to-say' } {
  const { workspaceId, period, totals, insights } = report;
  if (insights.length === 0) return { kind: 'quiet', reason: 'nothing-to-say' };
  const lastDay = dayOf(Date.parse(period.to) - 1);
  const [spent, before] = [totals.costUsd, totals.beforeUsd].map((usd) =>
    formatDollarsRounded(parseUsd(usd)),
  );
  const change = insights.find(({ kind }) => kind === 'cost-change');
  return {
    kind: 'tell',
    alert: {
      id: alertId('insight', workspaceId, period.from),
      type: 'insight',
      severity: 'low',
      workspaceId,
      raisedAt: formatInstant(nowMs),
      title: `The week to ${lastDay}: ${change?.title ?? insights[0]!.title}`,
      message: change?.text ?? `The week cost ${spent}, the one before it ${before}.`,
      scope: { dimension: 'workspace' },
      currentUsd: totals.costUsd,
      recommendations: insights.flatMap(toRecommendation).slice(0, MAX_RECOMMENDATIONS),
    },
  };
}

function toRecommendation({
  kind,
  text,
  savingUsd,
}: InsightReport['insights'][number]): Recommendation[] {
  if (savingUsd === undefined || !isAdvice(kind)) return [];
  return [{ kind, text, savingUsd }];
}

function isAdvice(kind: InsightKind): kind is Exclude<InsightKind, 'cost-change'> {
  return kind !== 'cost-change';
}

function mondayBefore(ms: number): number {
  return ms - ((ms - FIRST_MONDAY_MS) % WEEK_MS);
}
