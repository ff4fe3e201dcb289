import { type Command, InvalidArgumentError } from 'commander';
import { type Forecast, forecastSeries } from '../costs/forecast/forecast.ts';
import { readTimedSeries, type TimedSeries } from './analyze-forecast-file.ts';
import { describeForecast, modelText } from './analyze-forecast-text.ts';
import { answer, type Io, note, outputWidth } from './io.ts';
import { parsePositive } from './options.ts';

type Options = { input: string; horizon: number; season?: number; json?: boolean };

const MOST_STEPS = 10_000;
const MOST_SEASON = 10_000;
const SIGNIFICANT_DIGITS = 9;

/** From this many values on, and each so many series, progress is told. */
const LONG = { values: 100_000, seriesPerNote: 1_000 };

/** `ax analyze forecast`: what comes after a series, with intervals, and how well that was known before. */
export function addAnalyzeForecast(group: Command, io: Io): void {
  group
    .command('forecast')
    .summary('forecast a series, with intervals')
    .description(
      'Forecasts any series of values that are not negative: a combination of simple models, weighted by how well each did ' +
        'on the series itself, with intervals that hold 80 and 95 of 100 values.',
    )
    .requiredOption('--input <file>', 'CSV with the columns t (or timestamp) and value')
    .requiredOption('--horizon <n>', 'how many steps to forecast', parseUpTo(MOST_STEPS))
    .option(
      '--season <m>',
      'values a season, e.g. 24 for hours, 1 for none (default: as the step suggests, else looked for)',
      parseUpTo(MOST_SEASON),
    )
    .option('--json', 'print exactly one JSON document on stdout')
    .addHelpText(
      'after',
      `
t is a number, a month (2026-11), a date or a time; forecasts continue its step. Values are not negative; empty ones, and
times left out, are gaps and filled from their neighbours. The file may be gzipped. With --season 24 (or another day of
equal parts) the week is tried too.

With --json: {"forecast": [{"t", "mean", "low80", "high80", "low95", "high95"}], "model", "backtest"}.
With a column series_id the file holds many series, in any order, and the document is
{"series": [{"series_id", "forecast", "model", "backtest"}]}, in the order in which they first appear.
"backtest" is how the same forecaster did on the series itself from earlier points; null where it is too short for that.

Examples:
  ax analyze forecast --input requests.csv --horizon 48 --season 24
  ax analyze forecast --input costs.csv --horizon 30 --json`,
    )
    .action(async (options: Options) => {
      const series = await readTimedSeries(options.input);
      const values = series.reduce((sum, one) => sum + one.values.length, 0);
      const isLong = values >= LONG.values;
      const forecasts = series.map((one, at) => {
        if (isLong && at % LONG.seriesPerNote === 0) {
          note(io, `Forecasting series ${at + 1} of ${series.length} …`);
        }
        const season = options.season ?? one.season;
        return { series: one, forecast: forecastSeries(one.values, { ...options, season }) };
      });
      const document =
        series[0]!.id === undefined
          ? toJson(forecasts[0]!.series, forecasts[0]!.forecast)
          : {
              series: forecasts.map((one) => ({
                series_id: one.series.id,
                ...toJson(one.series, one.forecast),
              })),
            };
      answer(io, options.json, document, () => describeForecast(forecasts, outputWidth(io)));
    });
}

function toJson(series: TimedSeries, { steps, models, backtest }: Forecast) {
  return {
    forecast: steps.map(({ mean, low80, high80, low95, high95 }, step) => ({
      t: series.timeOf(step),
      mean: rounded(mean),
      low80: rounded(low80),
      high80: rounded(high80),
      low95: rounded(low95),
      high95: rounded(high95),
    })),
    model: modelText(models),
    backtest:
      backtest === undefined
        ? null
        : Object.fromEntries(
            Object.entries(backtest).map(([name, value]) => [name, rounded(value)]),
          ),
  };
}

const rounded = (value: number): number => Number(value.toPrecision(SIGNIFICANT_DIGITS));

function parseUpTo(most: number): (text: string) => number {
  return (text) => {
    const value = parsePositive(text);
    if (value <= most) return value;
    throw new InvalidArgumentError(`Give a whole number from 1 to ${most}.`);
  };
}
