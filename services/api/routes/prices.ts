import { type Static, Type } from 'typebox';
import { authorize, type Principal } from '../../../src/access/authorize.ts';
import type { FieldError } from '../../../src/core/errors.ts';
import { NAME_PATTERN } from '../../../src/core/ids.ts';
import { formatUsd } from '../../../src/core/money.ts';
import { formatInstant, parseInstant } from '../../../src/core/time.ts';
import { UsageSchema } from '../../../src/costs/event.ts';
import type { Price, PriceBook } from '../../../src/costs/pricing/price-book.ts';
import { listPriceOverrides } from '../../../src/settings/price-overrides.ts';
import type { Settings } from '../../../src/settings/settings.ts';
import { type ApiApp, principalOf } from '../app.ts';
import { errorResponses, invalidArgument, notFound } from '../errors.ts';

const MAX_CASES = 1_000;

const name = Type.String({ minLength: 1, maxLength: 256 });
const decimal = Type.String({ description: 'A decimal.' });
const at = Type.Optional(Type.String({ description: 'RFC 3339 with a zone; absent: now.' }));
const workspaceId = Type.Optional(
  Type.String({ pattern: NAME_PATTERN, description: 'Whose price overrides apply.' }),
);

const CaseSchema = Type.Object(
  { provider: name, model: name, usage: UsageSchema, at, workspaceId },
  { additionalProperties: false },
);

const QuoteSchema = Type.Object({
  costUsd: Type.Union([decimal, Type.Null()], { description: 'Null when there is no price.' }),
  priced: Type.Boolean(),
  priceVersion: Type.Optional(Type.String()),
  source: Type.Optional(Type.String({ description: 'price_book or override' })),
  parts: Type.Array(
    Type.Object({
      kind: Type.String(),
      tokens: Type.Optional(Type.Integer()),
      requests: Type.Optional(Type.Integer()),
      usdPerMillionTokens: Type.Optional(decimal),
      usdPerThousandRequests: Type.Optional(decimal),
      costUsd: decimal,
    }),
  ),
  reason: Type.Optional(Type.String({ description: 'Why there is no price.' })),
});

const TokenRatesSchema = Type.Object({
  input: decimal,
  output: decimal,
  cacheRead: decimal,
  cacheWrite: decimal,
  reasoning: Type.Optional(decimal),
});

const RatesSchema = Type.Object({
  provider: Type.String(),
  model: Type.String(),
  at: Type.String(),
  priced: Type.Boolean(),
  source: Type.Optional(Type.String()),
  priceVersion: Type.Optional(Type.String()),
  usdPerMillionTokens: Type.Optional(TokenRatesSchema),
  usdPerThousandRequests: Type.Optional(decimal),
  tiers: Type.Optional(
    Type.Array(
      Type.Object({ aboveInputTokens: Type.Integer(), usdPerMillionTokens: TokenRatesSchema }),
    ),
  ),
  reason: Type.Optional(Type.String({ description: 'Why there is no price.' })),
});

type PriceCase = Static<typeof CaseSchema>;

/** What usage would cost, and the rates in force, overrides included. */
export function registerPriceRoutes(
  app: ApiApp,
  deps: { settings: Settings; priceBook: PriceBook; now: () => number },
): void {
  const { settings, priceBook, now } = deps;

  app.post(
    '/v1/prices/quote',
    {
      config: { access: { kind: 'any', role: 'read' } },
      schema: {
        summary: 'Price up to 1,000 usages',
        tags: ['prices'],
        body: Type.Object(
          { cases: Type.Array(CaseSchema, { minItems: 1, maxItems: MAX_CASES }) },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ cases: Type.Array(QuoteSchema) }), ...errorResponses },
      },
    },
    async (request) => {
      const cases = resolveCases(principalOf(request), request.body.cases, now());
      const workspaces = cases.flatMap((one) => one.workspaceId ?? []);
      const book = priceBook.withOverrides(await listPriceOverrides(settings, workspaces));
      return { cases: cases.map((one) => toQuote(book.price(one))) };
    },
  );

  app.get(
    '/v1/prices',
    {
      config: { access: { kind: 'any', role: 'read' } },
      schema: {
        summary: 'The rates of a model in force at an instant',
        tags: ['prices'],
        querystring: Type.Object(
          { provider: name, model: name, at, workspaceId },
          { additionalProperties: false },
        ),
        response: { 200: RatesSchema, ...errorResponses },
      },
    },
    async (request) => {
      const [query] = resolveCases(principalOf(request), [{ ...request.query, usage: {} }], now());
      const { at, workspaceId, ...names } = query!;
      const workspaces = workspaceId === undefined ? [] : [workspaceId];
      const book = priceBook.withOverrides(await listPriceOverrides(settings, workspaces));
      const rates = book.describeRates({ ...names, at, workspaceId });
      const { provider, model } = names;
      const head = { provider, model, at: formatInstant(at) };
      if (rates.kind === 'unpriced') return { ...head, priced: false, reason: rates.reason };
      const { kind: _, ...described } = rates;
      return { ...head, priced: true, ...described };
    },
  );
}

/** Fills in the caller's workspace and the instant. Another tenant's workspace is not found. */
function resolveCases(principal: Principal, cases: readonly PriceCase[], now: number) {
  const foreign: FieldError[] = [];
  const wrong: FieldError[] = [];
  const resolved = cases.map((one, index) => {
    const at = one.at === undefined ? now : parseInstant(one.at);
    if (at === undefined) {
      wrong.push({ index, field: 'at', reason: 'must be an RFC 3339 instant with a zone' });
    }
    const workspaceId = one.workspaceId ?? principal.workspaceId ?? undefined;
    if (workspaceId !== undefined && authorize(principal, workspaceId, 'read').kind === 'foreign') {
      foreign.push({ index, field: 'workspaceId', reason: 'not found' });
    }
    const { provider, model, usage } = one;
    return { provider, model, usage, at: at ?? now, workspaceId };
  });
  if (foreign.length > 0) throw notFound(foreign);
  if (wrong.length > 0) throw invalidArgument('Some cases are not valid.', wrong);
  return resolved;
}

function toQuote(price: Price): Static<typeof QuoteSchema> {
  if (price.kind === 'unpriced') {
    return { costUsd: null, priced: false, parts: [], reason: price.reason };
  }
  const { costNanoUsd, priceVersion, source, parts } = price;
  return { costUsd: formatUsd(costNanoUsd), priced: true, priceVersion, source, parts };
}
