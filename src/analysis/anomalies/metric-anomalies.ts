import type { Severity } from '../../alerts/alert.ts';
import { readQuery } from '../../cloud/query-file.ts';
import { parseUsd } from '../../core/money.ts';
import type { Found } from '../findings/finding.ts';
import type { Asks } from './detect.ts';
import type { AnomalyKind, AnomalySignal } from './finding.ts';
import { type FollowedHour, followedHours } from './followed.ts';
import { JUDGED_HOURS_TYPES, type JudgedHours, judgedHours } from './judged-hours.ts';
import { explainMetric, metricFacts, titleOfMetric } from './metric-words.ts';

/** What is too small to look at: see the query. */
const MINIMA = {
  minimumCalls: 20,
  minimumErrorRate: 0.05,
  minimumFailures: 5,
  minimumLatencyShare: 0.5,
  minimumCount: 20,
  minimumSeconds: 3_600,
  minimumUsd: 10,
};

/** A row of the query. Values are in `unit`: shares and counts in `1`, `ms`, `s` or `USD`. */
export type MetricRow = {
  /** `{"metric":…,"model":…,"provider":…,"unit":…,"workspace":…}` */
  series: string;
  workspaceId: string;
  /** `error_rate`, `latency_ms`, or what the business counts. */
  metric: string;
  unit: string;
  /** `''` of what the business counts. */
  provider: string;
  model: string;
  hour: string;
  isAlarm: boolean;
  isKnown: boolean;
  kind: AnomalyKind;
  signal: AnomalySignal;
  score: number;
  days: number;
  value: number;
  usual: number | null;
  low: number;
  high: number;
  impactUsd: string | null;
};

const SQL = readQuery('metric_anomalies');

/**
 * Error rates, latencies and business metrics outside everything seen before (`bigquery/queries/metric_anomalies.sql`), of all
 * workspaces, in complete hours from `judgeFromMs` (inclusive) to `toMs` (exclusive), both starts of hours. `follow` names
 * subjects of findings whose hours are wanted too, to see if they are over. Reads only; asking again gives the same, as long
 * as no late entries come. Throws `warehouse_failed`.
 */
export async function detectMetricAnomalies(
  warehouse: Asks,
  request: JudgedHours & {
    /** 1 as tuned; 2 alarms at half the score. */
    sensitivity: number;
    /** Of workspaces that have their own. */
    sensitivities: ReadonlyMap<string, number>;
    follow: readonly string[];
  },
): Promise<{ found: Found[]; followed: FollowedHour[] }> {
  const { sensitivities, follow } = request;
  const rows = await warehouse.query<MetricRow>({
    sql: SQL,
    params: {
      ...judgedHours(request),
      sensitivity: request.sensitivity,
      workspaceIds: [...sensitivities.keys()],
      workspaceSensitivities: [...sensitivities.values()],
      follow: [...follow],
      ...MINIMA,
    },
    types: TYPES,
  });
  return {
    found: rows.filter(({ isAlarm }) => isAlarm).map(toFound),
    followed: followedHours(rows, follow),
  };
}

const TYPES = {
  ...JUDGED_HOURS_TYPES,
  sensitivity: 'FLOAT64',
  workspaceIds: ['STRING'],
  workspaceSensitivities: ['FLOAT64'],
  follow: ['STRING'],
  minimumCalls: 'INT64',
  minimumErrorRate: 'FLOAT64',
  minimumFailures: 'INT64',
  minimumLatencyShare: 'FLOAT64',
  minimumCount: 'FLOAT64',
  minimumSeconds: 'FLOAT64',
  minimumUsd: 'FLOAT64',
};

function toFound(row: MetricRow): Found {
  const { metric, unit, provider, model, kind, signal, value, usual, low, high, days } = row;
  return {
    workspaceId: row.workspaceId,
    kind: 'metric_anomaly',
    subject: row.series,
    sinceMs: Date.parse(row.hour),
    severity: severityOf(row),
    title: titleOfMetric(row),
    sentence: explainMetric(row),
    ...(row.impactUsd !== null && { impactNanoUsd: parseUsd(row.impactUsd) }),
    score: row.score,
    details: {
      metric,
      unit,
      provider,
      model,
      kind,
      signal,
      value,
      usual,
      expected: { low, high },
      days,
    },
    ...(model !== '' && { scope: { dimension: 'model', value: model } as const }),
    facts: metricFacts(row),
  };
}

/**
 * `high`: every second call fails; `medium`: more failures, a latency twice what was expected, less revenue or nothing at all of
 * what the business counts; `low`: what is left.
 */
function severityOf({ metric, value, low, high }: MetricRow): Severity {
  if (metric === 'error_rate') return value >= 0.5 ? 'high' : 'medium';
  if (metric === 'latency_ms') return value >= 2 * high ? 'medium' : 'low';
  return value < low && (metric === 'revenue' || value === 0) ? 'medium' : 'low';
}
