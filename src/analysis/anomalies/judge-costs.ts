import { formatUsd, type NanoUsd, parseUsd } from '../../core/money.ts';
import { type Ended, type FindingState, type Found, findingId } from '../findings/finding.ts';
import type { Analysis, Judged } from '../run-analysis.ts';
import { type CostAnomaly, type CostSensitivity, detectCostAnomalies } from './cost-anomalies.ts';
import { type CostHour, readCostAnomalyHours } from './cost-anomaly-hours.ts';
import { belongsTo, type CostOpening, followedCostOf, toCostFound } from './cost-findings.ts';
import type { Asks } from './detect.ts';
import { endOf } from './ending.ts';

/** A finding that goes on or did, and when it ended (epoch ms); undefined while it goes on. */
type Thread = { finding: FindingState; ended: Ended | undefined };

/**
 * The judge of costs, of all workspaces:
 *
 * 1. The anomalies of the window's hours.
 * 2. When each of them, and each finding that is open, came to its end.
 * 3. Each anomaly, in the order of time, into the finding that it belongs to while that goes on; else it is a new one.
 *
 * Reads only, and says the same when it is asked again about the same window.
 */
export function createCostJudge(options: {
  warehouse: Asks;
  /** What workspaces have set, and what holds for the others. */
  sensitivities: () => Promise<{
    defaults: CostSensitivity;
    workspaces: ReadonlyMap<string, CostSensitivity>;
  }>;
}): Analysis['judge'] {
  const { warehouse, sensitivities } = options;
  return async ({ fromMs, toMs }, known): Promise<Judged> => {
    const { defaults, workspaces } = await sensitivities();
    const anomalies = await detectCostAnomalies(warehouse, {
      ...{ judgeFromMs: fromMs, toMs, defaults, workspaces },
    });
    const minimumOf = (workspaceId: string): NanoUsd =>
      (workspaces.get(workspaceId) ?? defaults).minimumImpactNanoUsd;

    const begun = anomalies.map((anomaly) => {
      const found = toCostFound(anomaly, minimumOf(anomaly.workspaceId));
      return { anomaly, found, finding: stateOf(found) };
    });
    const open = known.filter(({ status }) => status === 'open');
    // A run that died after it recorded its findings left them open: the next one finds them again, under the same ids.
    const followed = new Map(
      [...open, ...begun.map(({ finding }) => finding)].map((one) => [one.id, followedCostOf(one)]),
    );
    const hours = await readCostAnomalyHours(warehouse, [...followed.values()], toMs);
    const threadOf = (finding: FindingState): Thread => ({
      finding,
      ended: endedOf(finding, hours.get(finding.id) ?? []),
    });

    const threads = known.map((finding) =>
      finding.status === 'open'
        ? threadOf(finding)
        : { finding, ended: { id: finding.id, untilMs: finding.untilMs!, reason: 'known' } },
    );
    const found: Found[] = [];
    for (const one of begun.toSorted((a, b) => a.anomaly.hourMs - b.anomaly.hourMs)) {
      const thread = threads.find((candidate) => goesOn(candidate, one.anomaly));
      if (thread === undefined) threads.push(threadOf(one.finding));
      const minimum = minimumOf(one.anomaly.workspaceId);
      found.push(
        thread === undefined ? one.found : toCostFound(one.anomaly, minimum, thread.finding),
      );
    }
    const over = threads.flatMap(({ finding, ended }) =>
      finding.status === 'open' && ended !== undefined ? [ended] : [],
    );
    return { found, over };
  };
}

function goesOn({ finding, ended }: Thread, anomaly: CostAnomaly): boolean {
  const { sinceMs } = finding;
  const isThen =
    sinceMs <= anomaly.hourMs && (ended === undefined || anomaly.hourMs < ended.untilMs);
  return isThen && belongsTo(anomaly, finding);
}

function stateOf(found: Found): FindingState {
  return { ...found, id: findingId(found), status: 'open', recordedAtMs: found.sinceMs };
}

/** Its end, with what it made of the costs until then. */
function endedOf(
  { id, sinceMs, details }: FindingState,
  hours: readonly CostHour[],
): Ended | undefined {
  const { costUsd, usualUsd } = details.opening as CostOpening;
  const end = endOf(
    { sinceMs, value: Number(costUsd), usual: Number(usualUsd) },
    hours.map(({ hourMs, costNanoUsd, usualNanoUsd, range }) => ({
      hourMs,
      value: Number(formatUsd(costNanoUsd)),
      usual: Number(formatUsd(usualNanoUsd)),
      range,
    })),
  );
  if (end === undefined) return undefined;
  const within = hours.filter(({ hourMs }) => hourMs < end.untilMs);
  const first = parseUsd(costUsd) - parseUsd(usualUsd);
  const total = within
    .filter(({ hourMs }) => hourMs > sinceMs)
    .reduce((sum, hour) => sum + hour.costNanoUsd - hour.usualNanoUsd, first);
  return { id, ...end, details: { hours: within.length, totalImpactUsd: formatUsd(total) } };
}
