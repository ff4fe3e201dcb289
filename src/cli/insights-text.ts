import { dollars, table, withTightPercents, wrap } from './tables.ts';

type Term = { what: string; count?: string; priceUsd?: string; pricePer?: string; usd: string };
type Arithmetic = { terms: Term[]; sumUsd: string };
type Mover = {
  value: string;
  costUsd: string;
  beforeUsd: string;
  changeUsd: string;
  because: string;
};
type UnitCost = { costUsd: string; units: number; perUnitUsd?: string; unpriced: number };

/** The API's answer about what changed and what would save. */
export type InsightsAnswer = {
  workspaceId: string;
  period: { from: string; to: string };
  comparedWith: { from: string; to: string };
  totals: Mover;
  movers: { dimension: string; valueCount: number; values: Mover[] }[];
  trend: { weeks: { endsWith: string; costUsd: string }[]; weeksInARow: number };
  unitCosts: { unit: string; now: UnitCost; before: UnitCost }[];
  cache: { inputTokens: number; cachedPercent?: string; savedUsd: string };
  unpriced: { events: number; models: { provider: string; model: string; events: number }[] };
  insights: { kind: string; title: string; text: string; arithmetic: Arithmetic }[];
};

type Shown = { width: number | undefined; arithmetic: boolean };

/** The answer for people: what is worth saying first, then the figures it was found in. */
export function describeInsights(report: InsightsAnswer, shown: Shown): string {
  const { totals, period, comparedWith, workspaceId } = report;
  const head = [
    `${workspaceId}: ${dollars(totals.costUsd)} from ${period.from} to ${period.to}`,
    `The period before, from ${comparedWith.from}: ${dollars(totals.beforeUsd)}`,
  ];
  const parts = [
    head.join('\n'),
    describeFound(report, shown),
    describeMovers(report, shown.width),
    describeUnits(report, shown.width),
    describeCache(report),
    describeTrend(report),
    wrap(describeUnpriced(report), shown.width).join('\n'),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function describeFound({ insights }: InsightsAnswer, { width, arithmetic }: Shown): string {
  if (insights.length === 0) return 'Nothing stands out, and nothing to save was found.';
  return insights
    .map((insight) =>
      [
        ...wrap(withTightPercents(insight.title), width),
        ...wrap(withTightPercents(insight.text), width, '  '),
        ...(arithmetic ? describeArithmetic(insight.arithmetic) : []),
      ].join('\n'),
    )
    .join('\n\n');
}

function describeArithmetic({ terms, sumUsd }: Arithmetic): string[] {
  const rows = terms.map(({ what, count, priceUsd, pricePer, usd }) => [
    what,
    count === undefined ? '' : `${count} at ${dollars(priceUsd ?? '')} per ${pricePer}`,
    dollars(usd),
  ]);
  const all = table(['', '', 'USD'], [...rows, ['sum', '', dollars(sumUsd)]], { right: [2] });
  return all.split('\n').map((line) => `    ${line}`);
}

function describeMovers({ movers }: InsightsAnswer, width: number | undefined): string {
  const rows = movers.flatMap(({ dimension, values }) =>
    values.map(({ value, costUsd, beforeUsd, changeUsd, because }) => [
      dimension,
      value === '' ? '(none)' : value,
      dollars(beforeUsd),
      dollars(costUsd),
      dollars(changeUsd),
      because,
    ]),
  );
  if (rows.length === 0) return '';
  const head = ['what moved', '', 'before', 'now', 'change', 'because'];
  return table(head, rows, { right: [2, 3, 4], width });
}

function describeUnits({ unitCosts }: InsightsAnswer, width: number | undefined): string {
  if (unitCosts.length === 0) return '';
  const price = ({ perUnitUsd }: UnitCost) => (perUnitUsd === undefined ? '' : dollars(perUnitUsd));
  const rows = unitCosts.map(({ unit, now, before }) => [
    unit,
    price(before),
    String(before.units),
    price(now),
    String(now.units),
    now.unpriced > 0 ? `${now.unpriced} events unpriced` : '',
  ]);
  const head = ['cost per', 'before', 'count', 'now', 'count', ''];
  return table(head, rows, { right: [1, 2, 3, 4], width });
}

function describeCache({ cache }: InsightsAnswer): string {
  const { cachedPercent, savedUsd } = cache;
  if (cachedPercent === undefined) return '';
  return `Cache: ${cachedPercent}% of input tokens were read from it, which saved ${dollars(savedUsd)}`;
}

function describeTrend({ trend }: InsightsAnswer): string {
  const { weeks, weeksInARow } = trend;
  if (weeks.length < 2 || weeks.every(({ costUsd }) => costUsd === '0')) return '';
  const amounts = weeks.map(({ costUsd }) => dollars(costUsd)).toReversed();
  const times = Math.abs(weeksInARow);
  const direction = weeksInARow > 0 ? 'rising' : 'falling';
  const since = times < 2 ? '' : `, ${direction} for ${times} weeks`;
  return `Weeks up to ${weeks[0]!.endsWith}: ${amounts.join(', ')}${since}`;
}

function describeUnpriced({ unpriced }: InsightsAnswer): string {
  if (unpriced.events <= 0) return '';
  const models = unpriced.models.map(({ provider, model, events }) => {
    return `${model === '' ? '(no model)' : model} of ${provider} (${events})`;
  });
  const which = models.length === 0 ? '' : `: ${models.join(', ')}`;
  const events = unpriced.events === 1 ? '1 event has' : `${unpriced.events} events have`;
  return `${events} no price, counting as $0 in all of this${which}`;
}
