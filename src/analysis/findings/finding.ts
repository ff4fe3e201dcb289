import { type Alert, alertId, type Severity } from '../../alerts/alert.ts';
import type { NanoUsd } from '../../core/money.ts';
import { formatInstant } from '../../core/time.ts';

/** What findings are about. */
export const FINDING_KINDS = [
  'cost_anomaly',
  'log_volume_anomaly',
  'metric_anomaly',
  'error_pattern',
] as const;

export type FindingKind = (typeof FINDING_KINDS)[number];

/** What a detector found: something that is abnormal now, or became so in the hours it judged. */
export type Found = {
  /** The operations workspace for what is about the platform itself. */
  workspaceId: string;
  kind: FindingKind;
  /** Canonical (`canonicalSubject`): equal for the same thing. */
  subject: string;
  /** Since when, epoch ms. */
  sinceMs: number;
  severity: Severity;
  /** One line. */
  title: string;
  /** One English sentence. */
  sentence: string;
  /** What it changes the costs by, below 0 where less is spent; absent where nobody can say. */
  impactNanoUsd?: NanoUsd;
  /** In multiples of what alarms. */
  score?: number;
  /** JSON values only; money as decimal text. */
  details: Record<string, unknown>;
  /** What part of the workspace the alert is about; absent: all of it. */
  scope?: Alert['scope'];
  /** What the alert lists beside its sentence, in this order: name and value, one line each. */
  facts?: { name: string; value: string }[];
};

/** A finding as it stands, from the ledger. */
export type FindingState = Omit<Found, 'scope' | 'facts'> & {
  id: string;
  status: 'open' | 'closed';
  /** When it ended, epoch ms; only where it is closed. */
  untilMs?: number;
  /** When something about it was recorded last, epoch ms. */
  recordedAtMs: number;
};

export type OpenFinding = FindingState & { status: 'open' };

/**
 * An open finding that has ended: when (epoch ms), and why, in a word such as `back-in-range`. `details` are added to
 * the finding's.
 */
export type Ended = {
  id: string;
  untilMs: number;
  reason: string;
  details?: Record<string, unknown>;
};

/** The id of a finding, the same whoever finds it: 22 characters. */
export function findingId({
  workspaceId,
  kind,
  subject,
  sinceMs,
}: Pick<Found, 'workspaceId' | 'kind' | 'subject' | 'sinceMs'>): string {
  return alertId('finding', workspaceId, kind, subject, formatInstant(sinceMs));
}

/** A subject's parts as text, the same in whatever order they are named; absent ones are left out. */
export function canonicalSubject(parts: Readonly<Record<string, string | undefined>>): string {
  const named = Object.entries(parts).filter(([, value]) => value !== undefined);
  return JSON.stringify(Object.fromEntries(named.sort(([a], [b]) => (a < b ? -1 : 1))));
}
