import { type Static, Type } from 'typebox';
import { NAME_PATTERN, SECRET_NAME_PATTERN } from '../core/ids.ts';
import {
  LIMIT_USD_PATTERN,
  LINE_PATTERN,
  SHA256_PATTERN,
  TOKEN_PRICE_PATTERN,
} from '../core/patterns.ts';
import { WEEKDAYS } from '../core/periods.ts';

const Instant = Type.String({ format: 'date-time', description: 'RFC 3339 with a zone' });

const UsdPerMillion = Type.String({
  pattern: TOKEN_PRICE_PATTERN,
  description: 'USD per million tokens, a decimal as text',
});

/** What the holder of an API key may do; see `src/access`. */
export const RoleSchema = Type.Union([
  Type.Literal('ingest'),
  Type.Literal('read'),
  Type.Literal('admin'),
]);

/** An API key as it is stored: never the key itself, only its keyed hash (hex). Lives in `PLATFORM_SCOPE`. */
export const ApiKeySchema = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 128 }),
    role: RoleSchema,
    /** Null: a key of the platform, good for every workspace. */
    workspaceId: Type.Union([Type.String({ pattern: NAME_PATTERN }), Type.Null()]),
    hash: Type.String({ pattern: SHA256_PATTERN }),
    createdAt: Instant,
    createdBy: Type.String({ minLength: 1, maxLength: 256 }),
    revokedAt: Type.Optional(Instant),
  },
  { additionalProperties: false },
);

/** What a workspace (or, in `PLATFORM_SCOPE`, everybody) pays for a model instead of its list price. */
export const PriceOverrideSchema = Type.Object(
  {
    provider: Type.String({ minLength: 1, maxLength: 256 }),
    model: Type.String({ minLength: 1, maxLength: 256 }),
    validFrom: Instant,
    /** The first instant at which it holds no more; absent: it holds on. */
    validTo: Type.Optional(Instant),
    usdPerMillionTokens: Type.Object(
      {
        input: UsdPerMillion,
        output: UsdPerMillion,
        /** Absent: the price of input. */
        cacheRead: Type.Optional(UsdPerMillion),
        cacheWrite: Type.Optional(UsdPerMillion),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);

/** A line of text for people: no control characters, so that it fits a mail's subject. */
const Line = Type.String({
  minLength: 1,
  maxLength: 128,
  pattern: LINE_PATTERN,
});

const Percents = Type.Array(Type.Integer({ minimum: 1, maximum: 1_000 }), {
  maxItems: 10,
  uniqueItems: true,
});

/** What a budget watches: the whole workspace, or what is attributed to one value of one dimension. */
export const BudgetScopeSchema = Type.Union([
  Type.Object({ dimension: Type.Literal('workspace') }, { additionalProperties: false }),
  Type.Object(
    {
      dimension: Type.Enum(['project', 'agent', 'model', 'provider', 'user', 'team']),
      value: Type.String({ minLength: 1, maxLength: 256 }),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      dimension: Type.Literal('label'),
      key: Type.String({ minLength: 1, maxLength: 63 }),
      value: Type.String({ minLength: 1, maxLength: 256 }),
    },
    { additionalProperties: false },
  ),
]);

/** How often a budget begins anew, in its time zone. */
const PeriodRuleSchema = Type.Union([
  Type.Object({ every: Type.Literal('day') }, { additionalProperties: false }),
  Type.Object(
    {
      every: Type.Literal('week'),
      startsOn: Type.Enum([...WEEKDAYS]),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      every: Type.Literal('month'),
      startsOn: Type.Integer({
        minimum: 1,
        maximum: 31,
        description: 'Day of the month; a month that is shorter begins on its last day.',
      }),
    },
    { additionalProperties: false },
  ),
]);

/** A limit for what a workspace, or a part of it, may cost in a period, and when to speak. */
export const BudgetSchema = Type.Object(
  {
    name: Type.Optional(Line),
    scope: BudgetScopeSchema,
    period: PeriodRuleSchema,
    timeZone: Type.String({ minLength: 1, maxLength: 64, description: 'IANA, e.g. Europe/Berlin' }),
    limitUsd: Type.String({
      pattern: LIMIT_USD_PATTERN,
      description: 'USD per period, a decimal as text, more than 0',
    }),
    /** Percent of the limit; spend that reaches one is told. */
    thresholdsPercent: Percents,
    /** Percent of the limit; a projected total of the period that reaches one is told. */
    projectedThresholdsPercent: Percents,
    /** Ids of the channels that are told; absent: every channel that takes such alerts. */
    channels: Type.Optional(Type.Array(Type.String({ pattern: NAME_PATTERN }), { maxItems: 20 })),
  },
  { additionalProperties: false },
);

/** What alerts are about; `test` is sent on request to try a channel. */
export const AlertTypeSchema = Type.Union([
  Type.Literal('budget'),
  Type.Literal('spike'),
  Type.Literal('anomaly'),
  Type.Literal('error-pattern'),
  /** The week's insights: only for channels whose types name it. */
  Type.Literal('insight'),
  Type.Literal('test'),
]);

/** From `low` to `critical`. */
export const SeveritySchema = Type.Union([
  Type.Literal('low'),
  Type.Literal('medium'),
  Type.Literal('high'),
  Type.Literal('critical'),
]);

const SecretName = Type.String({
  pattern: SECRET_NAME_PATTERN,
  description: 'The name of a secret, never its value.',
});

/** Where alerts are delivered to. Of the platform (`PLATFORM_SCOPE`): those of every workspace. */
export const ChannelSchema = Type.Object(
  {
    name: Type.Optional(Line),
    target: Type.Union([
      Type.Object(
        {
          kind: Type.Literal('email'),
          to: Type.Array(Type.String({ minLength: 3, maxLength: 254 }), {
            minItems: 1,
            maxItems: 20,
          }),
        },
        { additionalProperties: false },
      ),
      Type.Object(
        /** The secret holds the address of a Slack incoming webhook. */
        { kind: Type.Literal('slack'), webhookSecret: SecretName },
        { additionalProperties: false },
      ),
      Type.Object(
        {
          kind: Type.Literal('webhook'),
          url: Type.String({ minLength: 1, maxLength: 2_048 }),
          /** The secret holds the key of the HMAC that signs what is sent. */
          signingSecret: SecretName,
        },
        { additionalProperties: false },
      ),
    ]),
    /** Absent: from `low` on. */
    minSeverity: Type.Optional(SeveritySchema),
    /** Absent: all. */
    types: Type.Optional(Type.Array(AlertTypeSchema, { minItems: 1, uniqueItems: true })),
  },
  { additionalProperties: false },
);

/** What people call a workspace; its id is `profile`. */
export const WorkspaceProfileSchema = Type.Object({ name: Line }, { additionalProperties: false });

/** How readily the scheduled analysis speaks of a workspace; its id is `analysis`. */
export const AnalysisSchema = Type.Object(
  {
    /** 1 as tuned; 2 alarms at half the score; absent: 1. */
    sensitivity: Type.Optional(Type.Number({ minimum: 0.1, maximum: 10 })),
    minimumImpactUsd: Type.Optional(
      Type.String({
        pattern: LIMIT_USD_PATTERN,
        description:
          'USD by which an hour must differ from what is usual, a decimal as text, more than 0',
      }),
    ),
  },
  { additionalProperties: false },
);

const Sentence = Type.String({ minLength: 1, maxLength: 500, pattern: LINE_PATTERN });

/** What is known of errors by how they read; lives in `PLATFORM_SCOPE`, under the id of the built-in one it replaces or its own. */
export const KnownCauseSchema = Type.Object(
  {
    /** Empty: fits nothing, which switches a built-in one off. */
    patterns: Type.Array(Type.String({ minLength: 1, maxLength: 200, pattern: LINE_PATTERN }), {
      maxItems: 20,
      description:
        'How its templates read, any of these: texts in the order they come in, * between them for anything.',
    }),
    cause: Sentence,
    fix: Sentence,
  },
  { additionalProperties: false },
);

/** Every kind of setting with the schema of its body; a new kind needs a line here and nothing else. */
export const SETTING_SCHEMAS = {
  'api-key': ApiKeySchema,
  'price-override': PriceOverrideSchema,
  budget: BudgetSchema,
  channel: ChannelSchema,
  'workspace-profile': WorkspaceProfileSchema,
  analysis: AnalysisSchema,
  'known-cause': KnownCauseSchema,
} as const;

export type SettingKind = keyof typeof SETTING_SCHEMAS;

export type SettingBody<K extends SettingKind> = Static<(typeof SETTING_SCHEMAS)[K]>;

/** One setting in force. `version` counts from 1 and never repeats, also across a removal. */
export type Setting<K extends SettingKind = SettingKind> = {
  id: string;
  version: number;
  body: SettingBody<K>;
  changedBy: string;
  /** RFC 3339 */
  changedAt: string;
};
