import { type Static, Type } from 'typebox';
import { NAME_PATTERN } from '../core/ids.ts';

/** The scope of a setting that belongs to the platform; no workspace can have this name (`NAME_PATTERN`). */
export const PLATFORM_SCOPE = '-';

const Instant = Type.String({ format: 'date-time', description: 'RFC 3339 with a zone' });

const UsdPerMillion = Type.String({
  pattern: '^\\d{1,12}(\\.\\d{1,18})?$',
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
    hash: Type.String({ pattern: '^[0-9a-f]{64}$' }),
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

/** Every kind of setting with the schema of its body; a new kind needs a line here and nothing else. */
export const SETTING_SCHEMAS = {
  'api-key': ApiKeySchema,
  'price-override': PriceOverrideSchema,
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
