import { SEVERITIES, type Severity } from '../../alerts/alert.ts';
import { formatDollarsRounded, formatUsd, type NanoUsd, parseUsd } from '../../core/money.ts';
import { formatInstant } from '../../core/time.ts';
import { canonicalSubject, type FindingState, type Found } from '../findings/finding.ts';
import type { CostAnomaly } from './cost-anomalies.ts';
import type { FollowedCost } from './cost-anomaly-hours.ts';

/** The combination that a cost finding began with, by which it is followed to its end; kept in its details. */
export type CostOpening = Pick<CostAnomaly, 'level' | 'provider' | 'model' | 'agent'> & {
  costUsd: string;
  usualUsd: string;
};

/** Scores below this are barely outside of everything seen: noise gets there every few weeks, see docs/analysis.md. */
const BARELY_OUTSIDE = 1.5;

/**
 * What a cost anomaly is, by itself or as part of the finding `of` which it tells more of: then it keeps its subject, and what
 * it is followed by. `minimum`: the least impact that alarms in its workspace. Pure.
 */
export function toCostFound(
  anomaly: CostAnomaly,
  minimum: NanoUsd,
  of?: Pick<Found, 'subject' | 'sinceMs' | 'details'>,
): Found {
  const { workspaceId, level, provider, model, agent, hourMs, contributions } = anomaly;
  const { costNanoUsd, usualNanoUsd, impactNanoUsd, expectedUsd } = anomaly;
  const opening: CostOpening = {
    ...{ level, provider, model, agent },
    costUsd: formatUsd(costNanoUsd),
    usualUsd: formatUsd(usualNanoUsd),
  };
  return {
    workspaceId,
    kind: 'cost_anomaly',
    subject: of?.subject ?? subjectOf(anomaly),
    sinceMs: hourMs,
    severity: severityOf(anomaly, minimum),
    title: titleOf(anomaly),
    sentence: `${anomaly.reason.replace(/\.$/, '')}, since ${clock(of?.sinceMs ?? hourMs)}.`,
    impactNanoUsd,
    score: anomaly.score,
    details: {
      ...{ level, provider, model, agent, kind: anomaly.kind, signal: anomaly.signal },
      costUsd: opening.costUsd,
      usualUsd: opening.usualUsd,
      expectedUsd: { low: expectedUsd.low.toFixed(2), high: expectedUsd.high.toFixed(2) },
      contributions: contributions.map(({ impactNanoUsd: impact, ...combination }) => ({
        ...combination,
        impactUsd: formatUsd(impact),
      })),
      opening: of?.details.opening ?? opening,
    },
    scope: scopeOf(anomaly),
    facts: factsOf(anomaly),
  };
}

/** What it takes to follow a cost finding, from its details. */
export function followedCostOf({ id, workspaceId, sinceMs, details }: FindingState): FollowedCost {
  const { level, provider, model, agent } = details.opening as CostOpening;
  return { id, workspaceId, sinceMs, level, provider, model, agent };
}

/**
 * Whether an anomaly belongs to a finding of its workspace that goes on: both are more, or both less, than usual, and they
 * share the combination, the agent, or where no agent is named the model. The workspace as a whole belongs to each of them,
 * and no combination belongs to the whole: who it is has to be told.
 */
export function belongsTo(
  anomaly: CostAnomaly,
  finding: Pick<Found, 'workspaceId' | 'details'>,
): boolean {
  const { costUsd, usualUsd, ...of } = finding.details.opening as CostOpening;
  if (anomaly.workspaceId !== finding.workspaceId) return false;
  if (anomaly.impactNanoUsd > 0n !== parseUsd(costUsd) > parseUsd(usualUsd)) return false;
  if (anomaly.level === 'workspace') return true;
  if (of.level === 'workspace') return false;
  if (anomaly.agent !== '' || of.agent !== '') return anomaly.agent === of.agent;
  return anomaly.provider === of.provider && anomaly.model === of.model;
}

/**
 * From the impact of the first hour: `medium` from the least that alarms on, `high` from ten times it, `critical` from a
 * hundred times; each one step milder where less was spent than usual, and where it is barely outside of what was seen.
 */
function severityOf({ impactNanoUsd, score }: CostAnomaly, minimum: NanoUsd): Severity {
  const size = impactNanoUsd < 0n ? -impactNanoUsd : impactNanoUsd;
  const byImpact = size >= 100n * minimum ? 3 : size >= 10n * minimum ? 2 : 1;
  const milder = (impactNanoUsd < 0n ? 1 : 0) + (score < BARELY_OUTSIDE ? 1 : 0);
  return SEVERITIES[Math.max(0, byImpact - milder)]!;
}

/** What costs less than usual is another subject than what costs more: the one must not hide the other. */
function subjectOf({ level, provider, model, agent, impactNanoUsd }: CostAnomaly): string {
  const change = impactNanoUsd < 0n ? 'less' : undefined;
  if (level === 'workspace') return canonicalSubject({ level, change });
  return canonicalSubject({ level, provider, model, agent, change });
}

function titleOf({
  level,
  provider,
  model,
  agent,
  impactNanoUsd,
  workspaceId,
}: CostAnomaly): string {
  const size = impactNanoUsd < 0n ? -impactNanoUsd : impactNanoUsd;
  const how = `costs ${formatDollarsRounded(size)} an hour ${impactNanoUsd < 0n ? 'less' : 'more'} than usual`;
  if (level === 'workspace') return `Workspace ${workspaceId} ${how}`;
  const what = model === '' ? provider : model;
  return agent === '' ? `${what} ${how}` : `Agent ${agent} with ${what} ${how}`;
}

function scopeOf({ level, provider, model, agent }: CostAnomaly): Found['scope'] {
  if (level === 'workspace') return { dimension: 'workspace' };
  if (agent !== '') return { dimension: 'agent', value: agent };
  return model === ''
    ? { dimension: 'provider', value: provider }
    : { dimension: 'model', value: model };
}

function factsOf(anomaly: CostAnomaly): { name: string; value: string }[] {
  const { provider, model, costNanoUsd, usualNanoUsd, expectedUsd, contributions } = anomaly;
  const facts = [
    { name: 'Cost in that hour', value: formatDollarsRounded(costNanoUsd) },
    { name: 'Usually', value: formatDollarsRounded(usualNanoUsd) },
    {
      name: 'Expected',
      value: `$${expectedUsd.low.toFixed(2)} to $${expectedUsd.high.toFixed(2)}`,
    },
  ];
  if (provider !== '') facts.push({ name: 'Provider', value: provider });
  if (model !== '') facts.push({ name: 'Model', value: model });
  const explained = contributions.map((one) => {
    const parts = [one.agent, one.model, one.provider].filter((part) => part !== '');
    return `${parts.join(', ')}: ${formatDollarsRounded(one.impactNanoUsd)}`;
  });
  if (explained.length > 1)
    facts.push({ name: 'Largest differences', value: explained.join('; ') });
  return facts;
}

/** `2026-11-05 09:00 UTC` */
function clock(ms: number): string {
  return `${formatInstant(ms).slice(0, 16).replace('T', ' ')} UTC`;
}
