import { type Alert, alertId, type Severity } from '../alerts/alert.ts';
import type { Notice, Notices } from '../alerts/notices.ts';
import type { Alerts } from '../alerts/raise.ts';
import type { Redis } from '../cloud/redis.ts';
import { AppError } from '../core/errors.ts';
import {
  divideHalfEven,
  formatDollarsRounded,
  formatUsd,
  type NanoUsd,
  parseUsd,
} from '../core/money.ts';
import { bucketStart, DAY_MS, dayOf, formatInstant } from '../core/time.ts';
import { readRollups } from '../costs/rollups/read.ts';
import type { Rebuild } from '../costs/rollups/rebuild.ts';
import type { Settings } from '../settings/settings.ts';
import { type AboutWorkspace, aboutFields } from './compose.ts';
import type { Recommend } from './recommendations.ts';
import { readMonthSpent, workspaceNameOf } from './workspace.ts';

/** Daily averages that were compared, rounded half to even; the decision itself is made before rounding. */
export type SpikeFigures = {
  currentDailyNanoUsd: NanoUsd;
  usualDailyNanoUsd: NanoUsd;
  /** In whole percent, cut off. */
  increasePercent: bigint;
  /** Epoch ms */
  currentFromMs: number;
  usualFromMs: number;
};

export type SpikeDecision =
  | { kind: 'tell'; reason: 'first' | 'worse' | 'again'; severity: Severity; figures: SpikeFigures }
  | { kind: 'quiet'; reason: 'little-history' | 'no-usual-costs' }
  | {
      kind: 'quiet';
      reason: 'not-above' | 'below-minimum' | 'already-told';
      figures: SpikeFigures;
    };

/** The present days, today included, and the days before them that they are compared with. */
const CURRENT_DAYS = 7;
const USUAL_DAYS = 23;
const MIN_USUAL_DAYS = 7;
const MIN_INCREASE_DAILY = parseUsd('1');
const SILENCE_MS = 7 * DAY_MS;

/**
 * Whether a workspace's daily costs have risen out of the usual: the average since the start of the UTC day six days
 * ago until now, against that of the up to 23 days before, counted from the first one with costs. More than 50 percent
 * and at least a dollar a day above is high, 100 percent or more critical. Told once, and again when it got worse or a week
 * later. Pure and exact. `dailyNanoUsd`: the totals of the 30 UTC days that end with today, the oldest first.
 */
export function judgeSpike(
  dailyNanoUsd: readonly NanoUsd[],
  notices: ReadonlyMap<string, Notice>,
  now: number,
): SpikeDecision {
  const todayMs = bucketStart('day', dayOf(now));
  const currentFromMs = todayMs - (CURRENT_DAYS - 1) * DAY_MS;
  const usual = dailyNanoUsd.slice(0, USUAL_DAYS);
  const firstDay = usual.findIndex((cost) => cost !== 0n);
  const usualDays = firstDay < 0 ? 0 : USUAL_DAYS - firstDay;
  if (usualDays < MIN_USUAL_DAYS) return { kind: 'quiet', reason: 'little-history' };
  const usualSum = sumOf(usual);
  if (usualSum <= 0n) return { kind: 'quiet', reason: 'no-usual-costs' };
  const currentSum = sumOf(dailyNanoUsd.slice(USUAL_DAYS));

  // Averages over a common denominator: current × usualDays × a day, against usual × elapsed.
  const elapsedMs = BigInt(Math.max(1, now - currentFromMs));
  const days = BigInt(usualDays);
  const current = currentSum * BigInt(DAY_MS) * days;
  const before = usualSum * elapsedMs;
  const figures: SpikeFigures = {
    currentDailyNanoUsd: divideHalfEven(currentSum * BigInt(DAY_MS), elapsedMs),
    usualDailyNanoUsd: divideHalfEven(usualSum, days),
    increasePercent: ((current - before) * 100n) / before,
    currentFromMs,
    usualFromMs: currentFromMs - usualDays * DAY_MS,
  };
  if (current * 2n <= before * 3n) return { kind: 'quiet', reason: 'not-above', figures };
  if (current - before < MIN_INCREASE_DAILY * elapsedMs * days) {
    return { kind: 'quiet', reason: 'below-minimum', figures };
  }
  const severity = current >= before * 2n ? 'critical' : 'high';
  const lately = [...notices].filter(
    ([subject, { raisedAtMs }]) =>
      subject.startsWith(SUBJECT_PREFIX) && raisedAtMs > now - SILENCE_MS,
  );
  if (lately.some(([, told]) => told.severity === 'critical' || told.severity === severity)) {
    return { kind: 'quiet', reason: 'already-told', figures };
  }
  const everTold = [...notices.keys()].some((subject) => subject.startsWith(SUBJECT_PREFIX));
  const reason = lately.length > 0 ? 'worse' : everTold ? 'again' : 'first';
  return { kind: 'tell', reason, severity, figures };
}

const SUBJECT_PREFIX = 'spike/';

/**
 * Judges a workspace's daily costs and raises an alert when there is something to tell. For whoever holds the workspace's
 * lock (`withCheckLock`): a second call then finds what the first one told. Rebuilds the workspace's projection when it
 * is not whole. Throws (retryable) when Redis or the ledger do not answer.
 */
export async function checkSpike(
  deps: {
    settings: Pick<Settings, 'get'>;
    redis: Redis;
    rebuild: Rebuild;
    notices: Pick<Notices, 'of'>;
    alerts: Pick<Alerts, 'raise'>;
    recommend: Recommend;
    now: () => number;
  },
  workspaceId: string,
): Promise<SpikeDecision> {
  const { settings, redis, notices, alerts, recommend } = deps;
  const at = deps.now();
  const costs = await dailyCosts(deps, workspaceId, at);
  const decision = judgeSpike(costs, await notices.of(workspaceId), at);
  if (decision.kind === 'quiet') return decision;
  const span = { startMs: decision.figures.currentFromMs, endMs: at };
  const [workspaceName, monthSpentNanoUsd, recommendations] = await Promise.all([
    workspaceNameOf(settings, workspaceId),
    readMonthSpent(redis, workspaceId, at),
    recommend({ workspaceId, scope: { dimension: 'workspace' }, span, now: at }),
  ]);
  const about = { workspaceId, workspaceName, monthSpentNanoUsd, recommendations, now: at };
  await alerts.raise(composeSpikeAlert(about, decision.severity, decision.figures), {
    subject: `${SUBJECT_PREFIX}${dayOf(at)}/${decision.severity}`,
    amountNanoUsd: decision.figures.currentDailyNanoUsd,
  });
  return decision;
}

async function dailyCosts(
  { redis, rebuild }: { redis: Redis; rebuild: Rebuild },
  workspaceId: string,
  at: number,
): Promise<NanoUsd[]> {
  const requests = Array.from({ length: CURRENT_DAYS + USUAL_DAYS }, (_, i) => ({
    grain: 'day' as const,
    bucket: dayOf(at - (CURRENT_DAYS + USUAL_DAYS - 1 - i) * DAY_MS),
    cells: 'totals' as const,
  }));
  let answer = await readRollups(redis, workspaceId, requests);
  if (answer.kind === 'absent') {
    await rebuild(workspaceId);
    answer = await readRollups(redis, workspaceId, requests);
  }
  if (answer.kind === 'absent') {
    throw new AppError({
      code: 'projection_absent',
      message: `The projection of ${workspaceId} was lost again`,
      publicMessage: 'The sums of this workspace are being rebuilt.',
      retryable: true,
    });
  }
  return answer.buckets.map((bucket) => bucket.get('total')?.get('')?.cost ?? 0n);
}

/** The alert about a rise of daily costs; the same for a day and severity, whenever it is found. Pure. */
export function composeSpikeAlert(
  about: AboutWorkspace,
  severity: Severity,
  figures: SpikeFigures,
): Alert {
  const { currentDailyNanoUsd, usualDailyNanoUsd, increasePercent } = figures;
  const name = about.workspaceName ?? about.workspaceId;
  return {
    id: alertId('spike', about.workspaceId, dayOf(about.now), severity),
    type: 'spike',
    severity,
    ...aboutFields(about),
    title: `Daily costs are ${increasePercent} % above the usual: ${name}`,
    message:
      `${name} has spent ${formatDollarsRounded(currentDailyNanoUsd)} a day since ${dayOf(figures.currentFromMs)}, ` +
      `against ${formatDollarsRounded(usualDailyNanoUsd)} a day since ${dayOf(figures.usualFromMs)} before that ` +
      `(${increasePercent} % more).`,
    scope: { dimension: 'workspace' },
    spike: {
      currentDailyUsd: formatUsd(currentDailyNanoUsd),
      usualDailyUsd: formatUsd(usualDailyNanoUsd),
      increasePercent: Number(increasePercent),
      currentFrom: formatInstant(figures.currentFromMs),
      usualFrom: formatInstant(figures.usualFromMs),
    },
  };
}

function sumOf(amounts: readonly NanoUsd[]): NanoUsd {
  return amounts.reduce((sum, amount) => sum + amount, 0n);
}
