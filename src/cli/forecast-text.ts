import { formatDollarsRounded, parseUsd } from '../core/money.ts';
import { modelText } from './analyze-forecast-text.ts';
import type { EstimateAnswer, ForecastAnswer } from './contract.ts';
import { plotInterval } from './interval-plot.ts';
import { dollars, table, wrap } from './tables.ts';

const LEAST_PLOT_WIDTH = 16;
const MOST_PLOT_WIDTH = 60;
/** The first week day by day, then week by week: thirty lines would say no more. */
const DAILY = 7;
const WEEK = 7;

const REASONS: Record<string, string> = {
  'nothing-spent': 'nothing was spent in the last 89 days',
  'no-whole-bucket': 'the first costs are of this hour',
};

/** A forecast for a terminal of this width: the two amounts, how spend adds up, and what it is based on. */
export function describeForecast(forecast: ForecastAnswer, width: number): string {
  const { month, next30Days, noForecastBecause, asOf, source, grain } = forecast;
  const whose = forecast.workspaceId ?? 'All workspaces';
  const read = `Read from ${source}, ${grain} by ${grain}, at ${asOf}`;
  if (month === undefined || next30Days === undefined) {
    const reason = REASONS[noForecastBecause ?? ''] ?? noForecastBecause;
    return [`${whose}: no forecast: ${reason}.`, read].join('\n');
  }
  const text = [
    `${whose}: ${dollars(month.spentUsd)} spent in ${month.month}, ${inWords(month.estimate)} expected by its end`,
    `Next 30 days: ${inWords(next30Days.estimate)}`,
  ];
  return [
    ...text.flatMap((line) => wrap(line, width)),
    '',
    describePath(forecast.cumulative ?? [], width),
    '',
    ...basis(forecast).flatMap((line) => wrap(line, width)),
    read,
  ].join('\n');
}

function describePath(path: NonNullable<ForecastAnswer['cumulative']>, width: number): string {
  const shown = path.filter(
    (_, day) => day < DAILY || (day + 1) % WEEK === 0 || day === path.length - 1,
  );
  const cells = shown.map(({ until, estimate }) => [
    until.slice(0, 10),
    rounded(estimate.meanUsd),
    range(estimate.low80Usd, estimate.high80Usd),
    range(estimate.low95Usd, estimate.high95Usd),
  ]);
  const head = ['until (UTC)', 'spent by then', '80 %', '95 %'];
  const taken = head
    .map((_, at) => Math.max(...[head, ...cells].map((row) => row[at]!.length)) + 2)
    .reduce((sum, one) => sum + one, 0);
  const room = Math.min(MOST_PLOT_WIDTH, width - taken);
  const highest = Math.max(...shown.map(({ estimate }) => Number(estimate.high95Usd)));
  if (room < LEAST_PLOT_WIDTH || !(highest > 0)) {
    return table(head, cells, { right: [1, 2, 3], fixed: [0], width });
  }
  const rows = cells.map((row, at) => [
    ...row,
    plotInterval(toNumbers(shown[at]!.estimate), highest, room),
  ]);
  return table([...head, ''], rows, { right: [1, 2, 3], fixed: [0, 4] });
}

function basis({ models = [], backtest, grain }: ForecastAnswer): string[] {
  if (backtest === undefined) {
    return [modelText(models), 'Too short to try on itself: the ranges are a guess.'];
  }
  const { origins, meanAbsoluteErrorUsd, naiveMeanAbsoluteErrorUsd, sumErrorPercent } = backtest;
  const ofSum =
    sumErrorPercent === undefined
      ? ''
      : `; the sum within ${sumErrorPercent.toFixed(1)}% half the time`;
  return [
    modelText(models),
    `From ${origins} earlier points: mean error ${rounded(meanAbsoluteErrorUsd)} per ${grain}, ` +
      `${rounded(naiveMeanAbsoluteErrorUsd)} by the last ${grain} alone${ofSum}.`,
  ];
}

function inWords({ meanUsd, low80Usd, high80Usd, low95Usd, high95Usd }: EstimateAnswer): string {
  return `${rounded(meanUsd)} (80%: ${range(low80Usd, high80Usd)}; 95%: ${range(low95Usd, high95Usd)})`;
}

function range(lowUsd: string, highUsd: string): string {
  return `${rounded(lowUsd)} to ${rounded(highUsd)}`;
}

function rounded(usd: string): string {
  return formatDollarsRounded(parseUsd(usd));
}

/** For drawing only. */
function toNumbers(estimate: EstimateAnswer) {
  return {
    mean: Number(estimate.meanUsd),
    low80: Number(estimate.low80Usd),
    high80: Number(estimate.high80Usd),
    low95: Number(estimate.low95Usd),
    high95: Number(estimate.high95Usd),
  };
}
