/** The API's answers as `ax` reads them; money is always a decimal text in USD. */

export type Tokens = {
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
  reasoning: number;
};

export type Period = { from: string; to: string };

export type Group = {
  key: string;
  costUsd: string;
  events: number;
  unpricedEvents: number;
  tokens: Tokens;
};

type Freshness = { asOf: string; lastEventAt?: string };

export type CostsAnswer = {
  workspaceId: string;
  totalUsd: string;
  currency: string;
  period: Period;
  events: number;
  unpricedEvents: number;
  tokens: Tokens;
  groups?: Group[];
  projectedMonth?: { month: string; spentUsd: string; projectedUsd: string; method: string };
  source: string;
  freshness: Freshness;
};

export type TrendAnswer = {
  workspaceId: string;
  granularity: string;
  currency: string;
  points: { start: string; costUsd: string; events: number; unpricedEvents: number }[];
  totalUsd: string;
  period: Period;
  source: string;
  freshness: Freshness;
};

export type QuoteCase = {
  provider: string;
  model: string;
  usage: Record<string, number>;
  at?: string;
  workspaceId?: string;
};

export type Quote = {
  costUsd: string | null;
  priced: boolean;
  priceVersion?: string;
  source?: string;
  parts?: QuotePart[];
  reason?: string;
};

/** Tokens with a price per million of them, or requests with a price per thousand. */
export type QuotePart = {
  kind: string;
  tokens?: number;
  usdPerMillionTokens?: string;
  requests?: number;
  usdPerThousandRequests?: string;
  costUsd: string;
};

export type QuoteAnswer = { cases: Quote[] };

export type PriceOverride = {
  id: string;
  version: number;
  provider: string;
  model: string;
  validFrom: string;
  validTo?: string;
  usdPerMillionTokens: Record<string, string>;
};

export type RepriceAnswer = {
  scanned: number;
  repriced: number;
  stillUnpriced: { provider: string; model: string; events: number }[];
  deltaUsd: string;
  dryRun: boolean;
};

export type ApiKey = {
  id: string;
  name: string;
  role: string;
  workspaceId: string | null;
  createdAt: string;
  revokedAt?: string;
  key?: string;
};
