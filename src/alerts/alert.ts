import { hash } from 'node:crypto';
import { type Static, Type } from 'typebox';
import { NAME_PATTERN } from '../core/ids.ts';
import { AlertTypeSchema, BudgetScopeSchema, SeveritySchema } from '../settings/kinds.ts';

const Usd = Type.String({
  pattern: '^-?\\d+(\\.\\d{1,9})?$',
  description: 'USD, a decimal as text',
});
const Instant = Type.String({ format: 'date-time', description: 'RFC 3339 in UTC' });

/** What would bring the cost down, with its arithmetic. */
const RecommendationSchema = Type.Object({
  kind: Type.Union([
    Type.Literal('cheaper-model'),
    Type.Literal('concentration'),
    Type.Literal('repeated-inputs'),
    Type.Literal('unread-cache'),
    Type.Literal('dearer-runs'),
    Type.Literal('idle-compute'),
  ]),
  text: Type.String(),
  /** What would have been saved in the period so far; absent where nothing is compared. */
  savingUsd: Type.Optional(Usd),
});

/** The budget that was reached, as it was when the alert was raised. */
const BudgetFactsSchema = Type.Object({
  id: Type.String(),
  name: Type.Optional(Type.String()),
  limitUsd: Usd,
  period: Type.Object({ from: Instant, to: Instant, timeZone: Type.String() }),
  /** The highest threshold that was reached: by spend, or by the projected total of the period. */
  threshold: Type.Object({
    percent: Type.Integer(),
    of: Type.Union([Type.Literal('spend'), Type.Literal('projection')]),
    amountUsd: Usd,
  }),
  /** Every threshold reached since the last notice, this one included, ascending. */
  passedPercents: Type.Array(Type.Integer()),
  /** `currentUsd` in percent of the limit, one decimal, cut off. */
  usedPercent: Type.String(),
  projectedPeriodUsd: Usd,
});

/** The daily averages that were compared. */
const SpikeFactsSchema = Type.Object({
  currentDailyUsd: Usd,
  usualDailyUsd: Usd,
  increasePercent: Type.Integer(),
  currentFrom: Instant,
  usualFrom: Instant,
});

/** What the scheduled analysis found. */
const FindingFactsSchema = Type.Object({
  id: Type.String(),
  kind: Type.String(),
  /** Since when it is so. */
  since: Instant,
  /** What it changes the costs by; below 0 where less is spent. */
  impactUsd: Type.Optional(Usd),
  /** In multiples of what alarms. */
  score: Type.Optional(Type.Number()),
  /** What else is known of it, in the order to be shown. */
  facts: Type.Array(Type.Object({ name: Type.String(), value: Type.String() })),
});

/**
 * One thing that somebody should know: what is published to the topic `alerts`, stored in `alert_events`, and given by
 * the API. The same condition has the same id however often it is found (`alertId`).
 */
export const AlertSchema = Type.Object({
  id: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }),
  type: AlertTypeSchema,
  severity: SeveritySchema,
  workspaceId: Type.String({ pattern: NAME_PATTERN }),
  /** What people call the workspace; any text. */
  workspaceName: Type.Optional(Type.String()),
  raisedAt: Instant,
  /** One line. */
  title: Type.String(),
  /** One or a few sentences. */
  message: Type.String(),
  scope: BudgetScopeSchema,
  /** What the scope cost in the period it is about. */
  currentUsd: Type.Optional(Usd),
  budget: Type.Optional(BudgetFactsSchema),
  spike: Type.Optional(SpikeFactsSchema),
  finding: Type.Optional(FindingFactsSchema),
  /** The whole workspace's UTC month at its present pace. */
  projectedMonth: Type.Optional(Type.Object({ month: Type.String(), projectedUsd: Usd })),
  recommendations: Type.Array(RecommendationSchema),
  /** Ids of the workspace's channels that are told; absent: every channel that takes such alerts. */
  channels: Type.Optional(Type.Array(Type.String())),
});

export type Alert = Static<typeof AlertSchema>;
export type Recommendation = Static<typeof RecommendationSchema>;
export type AlertType = Alert['type'];
export type Severity = Alert['severity'];

/** From the mildest to the worst. */
export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const satisfies Severity[];

/** Whether `severity` is at least `least`. */
export function isAtLeast(severity: Severity, least: Severity): boolean {
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(least);
}

/** The id of the alert about a condition, named by parts that tell it from every other: 22 characters, stable. */
export function alertId(...parts: readonly string[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64url').slice(0, 22);
}
