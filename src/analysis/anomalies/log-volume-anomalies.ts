import type { Severity } from '../../alerts/alert.ts';
import { readQuery } from '../../cloud/query-file.ts';
import type { Found } from '../findings/finding.ts';
import type { Asks } from './detect.ts';
import { type AnomalyKind, type AnomalySignal, formatValue, heldFor } from './finding.ts';
import { type FollowedHour, followedHours } from './followed.ts';
import { JUDGED_HOURS_TYPES, type JudgedHours, judgedHours } from './judged-hours.ts';

/** Fewer entries more or less in an hour are too few to look at. */
const MINIMUM_ENTRIES = 50;
/** `severity_number` of ERROR. */
const ERROR = 500;
/** So many times what is usual is a flood, which costs money and hides the rest. */
const FLOOD = 10;

type Row = {
  /** `{"service":…,"severity":…}` */
  series: string;
  service: string;
  severity: string;
  severityNumber: number;
  hour: string;
  isAlarm: boolean;
  kind: AnomalyKind;
  signal: AnomalySignal;
  score: number;
  days: number;
  value: number;
  usual: number | null;
  low: number;
  high: number;
};

const SQL = readQuery('log_volume_anomalies');

/**
 * The services that log more, less or at other times than ever before (`bigquery/queries/log_volume_anomalies.sql`), per
 * severity, in complete hours from `judgeFromMs` (inclusive) to `toMs` (exclusive), both starts of hours; findings of
 * `workspaceId`, that of the people who run the platform. `follow` names subjects of findings whose hours are wanted too, to
 * see if they are over. Reads only; asking again gives the same, as long as no late entries come. Throws `warehouse_failed`.
 */
export async function detectLogVolumeAnomalies(
  warehouse: Asks,
  request: JudgedHours & {
    workspaceId: string;
    /** 1 as tuned; 2 alarms at half the score. */
    sensitivity: number;
    follow: readonly string[];
  },
): Promise<{ found: Found[]; followed: FollowedHour[] }> {
  const { workspaceId, follow } = request;
  const rows = await warehouse.query<Row>({
    sql: SQL,
    params: {
      ...judgedHours(request),
      sensitivity: request.sensitivity,
      minimumEntries: MINIMUM_ENTRIES,
      follow: [...follow],
    },
    types: {
      ...JUDGED_HOURS_TYPES,
      sensitivity: 'FLOAT64',
      minimumEntries: 'INT64',
      follow: ['STRING'],
    },
  });
  return {
    found: rows.filter(({ isAlarm }) => isAlarm).map((row) => toFound(workspaceId, row)),
    followed: followedHours(rows, follow),
  };
}

function toFound(workspaceId: string, row: Row): Found {
  const { service, severity, kind, signal, value, usual, low, high, days } = row;
  return {
    workspaceId,
    kind: 'log_volume_anomaly',
    subject: row.series,
    sinceMs: Date.parse(row.hour),
    severity: severityOf(row),
    title: `${nameOf(service)} logs ${value > high ? 'more' : 'less'} ${severity} than usual`,
    sentence: explain(row),
    score: row.score,
    details: { service, severity, kind, signal, value, usual, expected: { low, high }, days },
    facts: [
      { name: 'Service', value: service },
      { name: 'Severity', value: severity },
      { name: 'Entries in one hour', value: formatValue(value) },
      { name: 'Expected', value: `${formatValue(low)} to ${formatValue(high)}` },
    ],
  };
}

/** `high`: a flood of errors; `medium`: more errors, any other flood, or silence; `low`: what is left. */
function severityOf({ severityNumber, value, high, usual }: Row): Severity {
  const isFlood = value > high && value >= FLOOD * Math.max(usual ?? 0, high);
  if (severityNumber >= ERROR) return isFlood ? 'high' : 'medium';
  return isFlood || value === 0 ? 'medium' : 'low';
}

function explain({ service, severity, value, usual, low, high, days }: Row): string {
  const more = value > high;
  const limit = more ? `at most ${formatValue(high)}` : `at least ${formatValue(low)}`;
  const difference =
    usual === null
      ? ''
      : `, ${formatValue(Math.abs(value - usual))} ${value >= usual ? 'more' : 'fewer'} than usual`;
  const what = value === 0 ? `no entries` : `${formatValue(value)} entries`;
  return `${nameOf(service)} logged ${what} of ${severity} in one hour${difference} (expected ${limit}, by the ${heldFor(days)} before).`;
}

const nameOf = (service: string): string =>
  service === '' ? 'A service without a name' : `Service ${service}`;
