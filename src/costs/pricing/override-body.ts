import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { FieldError } from '../../core/errors.ts';
import { parseInstant } from '../../core/time.ts';
import type { PriceOverride } from './overrides.ts';

const name = (description: string) =>
  Type.String({ minLength: 1, maxLength: 256, pattern: '\\S', description });
const instant = (description: string) => Type.String({ maxLength: 40, description });
const rate = (description: string) =>
  Type.String({ pattern: '^\\d{1,12}(\\.\\d{1,9})?$', description });

/** The body of a price override as the API takes it; ids, versions and scopes come from where it is stored. */
export const PriceOverrideBodySchema = Type.Object(
  {
    provider: name(
      "The provider as events spell it, or the price book's id for every spelling of it.",
    ),
    model: name('The model exactly as events name it, regardless of case.'),
    validFrom: instant('RFC 3339 with zone: the first instant it holds at.'),
    validTo: Type.Optional(
      instant('RFC 3339 with zone: the first instant it holds no more; absent: it holds on.'),
    ),
    usdPerMillionTokens: Type.Object(
      {
        input: rate('USD per million input tokens, a decimal text.'),
        output: rate('USD per million output tokens; "0" where output is not billed.'),
        cacheRead: Type.Optional(rate('For cached reads; absent: the input rate.')),
        cacheWrite: Type.Optional(rate('For cache writes; absent: the input rate.')),
      },
      { additionalProperties: false, description: 'USD per million tokens, decimals as text.' },
    ),
  },
  { additionalProperties: false, description: 'Price override' },
);

/** What an override says, without where it is stored. */
export type PriceOverrideTerms = Omit<PriceOverride, 'id' | 'version' | 'scope'>;

const validator = Compile(PriceOverrideBodySchema);

/** Checks the body of a price override: its terms with times as epoch ms, or every reason why it is none. Never throws. */
export function parsePriceOverride(
  body: unknown,
): { kind: 'valid'; terms: PriceOverrideTerms } | { kind: 'invalid'; errors: FieldError[] } {
  if (!validator.Check(body)) return { kind: 'invalid', errors: schemaErrors(body) };
  const { provider, model, usdPerMillionTokens } = body;
  const validFrom = parseInstant(body.validFrom);
  const validTo = body.validTo === undefined ? undefined : parseInstant(body.validTo);
  const errors: FieldError[] = [];
  const reason = 'must be an RFC 3339 instant with a zone';
  if (validFrom === undefined) errors.push({ field: 'validFrom', reason });
  if (validTo === undefined && body.validTo !== undefined) {
    errors.push({ field: 'validTo', reason });
  }
  if (validFrom !== undefined && validTo !== undefined && validTo <= validFrom) {
    errors.push({ field: 'validTo', reason: 'must be later than validFrom' });
  }
  if (validFrom === undefined || errors.length > 0) return { kind: 'invalid', errors };
  const terms = { provider, model, validFrom, usdPerMillionTokens };
  return { kind: 'valid', terms: validTo === undefined ? terms : { ...terms, validTo } };
}

function schemaErrors(body: unknown): FieldError[] {
  return [...validator.Errors(body)].flatMap((error): FieldError[] => {
    const path = error.instancePath.slice(1).replaceAll('/', '.');
    const under = (field: string) => (path === '' ? field : `${path}.${field}`);
    if (error.keyword === 'required') {
      const missing: string[] = error.params.requiredProperties;
      return missing.map((field) => ({ field: under(field), reason: 'is required' }));
    }
    if (error.keyword === 'additionalProperties') {
      const unknown: string[] = error.params.additionalProperties;
      return unknown.map((field) => ({ field: under(field), reason: 'is not a known field' }));
    }
    if (error.keyword === 'boolean') return [];
    const reason =
      error.keyword === 'pattern' && path.startsWith('usdPerMillionTokens')
        ? 'must be a decimal text ≥ 0 with at most 9 decimals'
        : error.message;
    return [{ field: path === '' ? 'body' : path, reason }];
  });
}
