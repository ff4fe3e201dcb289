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

export type ErrorPatternAnswer = {
  id: string;
  template: string;
  severity: string;
  trend: string;
  count: number;
  countBefore: number;
  expected: number;
  firstSeen: string;
  lastSeen: string;
  services: string[];
  versions: string[];
  workspaces: string[];
  workspaceCount: number;
  sample: string;
  sampleTrace?: string;
  suggestion?: { causeId: string; cause: string; fix: string };
};

export type ErrorPatternsAnswer = {
  workspaceId: string;
  from: string;
  to: string;
  comparedFrom: string;
  patterns: ErrorPatternAnswer[];
};

/** Estimates, rounded to a millionth of a dollar. */
export type EstimateAnswer = {
  meanUsd: string;
  low80Usd: string;
  high80Usd: string;
  low95Usd: string;
  high95Usd: string;
};

export type ForecastAnswer = {
  /** Absent: all of them together. */
  workspaceId?: string;
  source: string;
  grain: string;
  asOf: string;
  noForecastBecause?: string;
  month?: {
    month: string;
    spentUsd: string;
    restEstimate: EstimateAnswer;
    estimate: EstimateAnswer;
  };
  next30Days?: { from: string; to: string; estimate: EstimateAnswer };
  cumulative?: { until: string; estimate: EstimateAnswer }[];
  models?: { name: string; weight: number }[];
  backtest?: {
    origins: number;
    horizon: number;
    meanAbsoluteErrorUsd: string;
    naiveMeanAbsoluteErrorUsd: string;
    sumErrorPercent?: number;
  };
};

export type AnomalyAnswer = {
  id: string;
  kind: string;
  status: string;
  since: string;
  until?: string;
  severity: string;
  title: string;
  sentence: string;
  impactUsd?: string;
  score?: number;
  details: Record<string, unknown>;
  recordedAt: string;
};

export type AnomaliesAnswer = {
  workspaceId: string;
  from: string;
  to: string;
  anomalies: AnomalyAnswer[];
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

export type Scope =
  | { dimension: 'workspace' }
  | { dimension: string; value: string }
  | { dimension: 'label'; key: string; value: string };

/** A budget as it is sent, every default written out. */
export type BudgetBody = {
  name?: string;
  scope: Scope;
  period: { every: string; startsOn?: string | number };
  timeZone: string;
  limitUsd: string;
  thresholdsPercent: number[];
  projectedThresholdsPercent: number[];
  channels?: string[];
};

/** What every stored setting has beside its body. */
export type Stored = { id: string; version: number; changedBy: string; changedAt: string };

export type Budget = BudgetBody & Stored;

export type BudgetStatus = {
  id: string;
  version: number;
  name?: string;
  scope: Scope;
  period: { every: string; startsOn?: string | number; from: string; to: string; timeZone: string };
  limitUsd: string;
  spentUsd: string;
  remainingUsd: string;
  usedPercent: string;
  daysLeft: number;
  projectedUsd: string;
  projectedPercent: string;
  outlook: string;
  thresholds: { percent: number; of: string; amountUsd: string; state: string }[];
  lastNoticeUsd?: string;
  channels?: string[];
};

export type BudgetDecision = { kind: string; reason?: string };

export type BudgetExplanation = {
  status: BudgetStatus;
  decision: BudgetDecision;
  projectionDecision: BudgetDecision;
  steps: string[];
};

export type ChannelTarget =
  | { kind: 'email'; to: string[] }
  | { kind: 'slack'; webhookSecret: string }
  | { kind: 'webhook'; url: string; signingSecret: string };

export type ChannelBody = {
  name?: string;
  target: ChannelTarget;
  minSeverity?: string;
  types?: string[];
};

export type Channel = ChannelBody & Stored;

export type Delivery = {
  channelScope: string;
  channelId: string;
  channelKind?: string;
  status: string;
  attempts: number;
  ambiguous: number;
  lastAt: string;
  nextAttemptAt?: string;
  detail?: string;
};

export type AlertAnswer = {
  id: string;
  type: string;
  severity: string;
  workspaceId: string;
  workspaceName?: string;
  raisedAt: string;
  title: string;
  message: string;
  scope: Scope;
  currentUsd?: string;
  recommendations: { text: string; savingUsd?: string }[];
  deliveries: Delivery[];
  nobodyBecause?: string;
};

export type AlertDetailAnswer = AlertAnswer & {
  attempts: {
    at: string;
    event: string;
    channelId?: string;
    attempt?: number;
    ambiguous?: boolean;
    detail?: string;
  }[];
};

export type Job = {
  name: string;
  description: string;
  schedule: string;
  timeZone: string;
  state: string;
  lastAttemptAt?: string;
  lastStatus?: 'ok' | { code: number; message: string };
  nextRunAt?: string;
};

export type WorkspaceProfile = {
  workspaceId: string;
  version: number;
  name?: string;
  changedBy?: string;
  changedAt?: string;
};
