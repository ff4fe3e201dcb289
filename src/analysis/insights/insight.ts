/** One signed amount of an insight's arithmetic: a sum that was spent, or a count times a price. */
export type Term = {
  /** What it is, in words. */
  what: string;
  /** What `usd` is a multiple of: so many, at this price for so many. */
  count?: string;
  priceUsd?: string;
  pricePer?: string;
  /** USD, signed, exact: with all its decimals. */
  usd: string;
};

/** How an amount comes about: `sumUsd` is the sum of the terms, rounded once, half to even, to the nano-dollar. */
export type Arithmetic = { terms: Term[]; sumUsd: string };

export type InsightKind =
  /** The costs of the period differ from those of the one before it, and why. */
  | 'cost-change'
  /** The same tokens on the next cheaper size of a model. */
  | 'cheaper-model'
  /** Inputs that are sent again and again and are not read from the provider's cache. */
  | 'repeated-inputs'
  /** What is written to the provider's cache costs more than reading from it saves. */
  | 'unread-cache'
  /** An agent's runs cost more than they used to. */
  | 'dearer-runs'
  /** Compute that cost something while nothing was done with it. */
  | 'idle-compute';

/** Something worth knowing about a workspace's costs. */
export type Insight = {
  kind: InsightKind;
  /** What it is about, e.g. provider, model and agent; what does not apply is left out. */
  subject: Record<string, string>;
  title: string;
  /** English sentences that say what is so, how it was found, and where it helps what may be done. */
  text: string;
  /** What would have been saved, USD; absent where nothing is recommended. It is the sum of `arithmetic`. */
  savingUsd?: string;
  arithmetic: Arithmetic;
};
