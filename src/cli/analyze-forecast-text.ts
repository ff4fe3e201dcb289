import type { Forecast, ModelShare } from '../costs/forecast/forecast.ts';
import type { TimedSeries } from './analyze-forecast-file.ts';
import { plotInterval } from './interval-plot.ts';
import { table, wrap } from './tables.ts';

type Forecasted = { series: TimedSeries; forecast: Forecast };

const MOST_MODELS_NAMED = 4;
const LEAST_PLOT_WIDTH = 24;
const MOST_ROWS = 60;

/** The models of a combination in words, with their weights: the heaviest four, and how many more. */
export function modelText(models: readonly ModelShare[]): string {
  const named = models
    .slice(0, MOST_MODELS_NAMED)
    .map(({ name, weight }) => `${Math.round(100 * weight)} % ${name}`);
  const more = models.length - named.length;
  if (more > 0) named.push(`${more} more`);
  return models.length === 1 ? models[0]!.name : `combination: ${named.join(', ')}`;
}

/** Forecasts for a terminal: one series step by step with its intervals drawn; many, a line each. */
export function describeForecast(forecasts: readonly Forecasted[], width: number): string {
  return forecasts.length === 1
    ? describeOne(forecasts[0]!, width)
    : describeMany(forecasts, width);
}

function describeOne({ series, forecast }: Forecasted, width: number): string {
  const { steps, backtest, models, sums } = forecast;
  const shown = steps.slice(0, MOST_ROWS);
  const cells = shown.map((step, at) => [
    String(series.timeOf(at)),
    formatShort(step.mean),
    `${formatShort(step.low80)} to ${formatShort(step.high80)}`,
    `${formatShort(step.low95)} to ${formatShort(step.high95)}`,
  ]);
  const head = ['t', 'mean', '80 %', '95 %'];
  const taken = head
    .map((_, at) => Math.max(...[head, ...cells].map((row) => row[at]!.length)) + 2)
    .reduce((sum, one) => sum + one, 0);
  const room = width - taken;
  const highest = Math.max(...shown.map(({ high95 }) => high95));
  const hasPlot = room >= LEAST_PLOT_WIDTH && highest > 0;
  const rows = cells.map((row, at) =>
    hasPlot ? [...row, plotInterval(shown[at]!, highest, Math.min(60, room))] : row,
  );
  const lines = [
    table(hasPlot ? [...head, ''] : head, rows, { right: [1, 2, 3], fixed: [0, 4] }),
    ...(steps.length > shown.length ? [`… and ${steps.length - shown.length} more (--json)`] : []),
    '',
    `Sum of all ${steps.length}: ${sumText(forecast)}`,
    modelText(models),
  ];
  if (sums.length > 0 && backtest !== undefined) {
    const { origins, meanAbsoluteError, naiveMeanAbsoluteError, sumErrorPercent } = backtest;
    const ofSum =
      sumErrorPercent === undefined
        ? ''
        : `; the sum within ${sumErrorPercent.toFixed(1)} % half the time`;
    lines.push(
      `From ${origins} earlier points of this series: mean error ${formatShort(meanAbsoluteError)}, ` +
        `${formatShort(naiveMeanAbsoluteError)} by its last value alone${ofSum}.`,
    );
  } else lines.push('Too short to try on itself: the intervals are a guess.');
  if (series.filled > 0) lines.push(`${series.filled} missing values were filled.`);
  return lines.flatMap((line) => (line.includes('\n') ? [line] : wrap(line, width))).join('\n');
}

function describeMany(forecasts: readonly Forecasted[], width: number): string {
  const rows = forecasts.map(({ series, forecast }) => {
    const error = forecast.backtest?.sumErrorPercent;
    const { mean, low80, high80 } = forecast.sums.at(-1)!;
    return [
      series.id ?? '',
      formatShort(mean),
      `${formatShort(low80)} to ${formatShort(high80)}`,
      error === undefined ? '' : `${error.toFixed(1)} %`,
      forecast.models[0]!.name,
    ];
  });
  const steps = forecasts[0]!.forecast.steps.length;
  const head = ['series', `sum of ${steps}`, '80 %', 'error before', 'heaviest model'];
  return table(head, rows, { right: [1, 2, 3], ids: [0], width });
}

function sumText({ sums }: Forecast): string {
  const { mean, low80, high80, low95, high95 } = sums.at(-1)!;
  const [center, ...ends] = [mean, low80, high80, low95, high95].map(formatShort);
  return `${center} (80 %: ${ends[0]} to ${ends[1]}; 95 %: ${ends[2]} to ${ends[3]})`;
}

/** A number for people: four digits that mean something. */
function formatShort(value: number): string {
  if (value === 0) return '0';
  const short = Number(value.toPrecision(4));
  return Math.abs(short) >= 1e15 || Math.abs(short) < 1e-6
    ? short.toExponential()
    : short.toLocaleString('en-US', { maximumSignificantDigits: 4 });
}
