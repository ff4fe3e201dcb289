import { autoregress } from './models/autoregression.ts';
import { carryOn, recentLine, recentMean, theta } from './models/lines.ts';
import { smooth } from './models/smoothing.ts';
import { type SeasonKind, takeOutSeason } from './seasonality.ts';

const { max, min } = Math;

/**
 * A simple forecaster and how it is trusted before it has shown anything; only ratios of trusts matter, and little hangs
 * on them once there are a few origins.
 */
export type Candidate = { name: string; trust: number };

/** Forecasts in the order of the candidates; undefined where a series is too short for one. */
export type CandidateForecasts = readonly (readonly number[] | undefined)[];

type Model = Candidate & { forecast(values: readonly number[], horizon: number): number[] };

type Treatment = { label: string; periods: readonly number[]; kind: SeasonKind };

/** No candidate goes beyond so many times the largest value seen: lines and trends know no end. */
const HIGHEST_MULTIPLE = 4;

/** The models that know no season, for a series with a season of `period` (1: none). */
function modelsFor(period: number): Model[] {
  return [
    { name: 'naive', trust: 0.7, forecast: carryOn },
    { name: 'simple smoothing', trust: 1, forecast: (v, h) => smooth(v, h, 'simple').forecast },
    { name: 'Holt', trust: 0.6, forecast: (v, h) => smooth(v, h, 'linear').forecast },
    { name: 'damped trend', trust: 1, forecast: (v, h) => smooth(v, h, 'damped').forecast },
    { name: 'Theta', trust: 1, forecast: theta },
    { name: 'autoregression', trust: 1.3, forecast: autoregress },
    {
      name: 'recent line',
      trust: 0.3,
      forecast: (v, h) => recentLine(v, h, max(8, 2 * period)),
    },
    {
      name: 'mean of 7 seasons',
      trust: 0.7,
      forecast: (v, h) => recentMean(v, h, max(7, 7 * period)),
    },
    {
      name: 'mean of 1 season',
      trust: 0.5,
      forecast: (v, h) => recentMean(v, h, max(3, period)),
    },
  ];
}

/** Without season, and each season taken out as a factor and as a summand, nested ones one after the other. */
function treatmentsFor(periods: readonly number[]): Treatment[] {
  const chains = periods.map((_, at) => periods.slice(0, at + 1));
  return [
    { label: '', periods: [], kind: 'additive' },
    ...chains.flatMap((chain): Treatment[] => [
      { label: ` ×${chain.join('×')}`, periods: chain, kind: 'multiplicative' },
      { label: ` +${chain.join('+')}`, periods: chain, kind: 'additive' },
    ]),
  ];
}

/** All candidates for a series with these seasons, ascending; every model behind every treatment, and last season's values. */
export function candidatesFor(periods: readonly number[]): Candidate[] {
  const models = modelsFor(periods[0] ?? 1);
  return [
    ...treatmentsFor(periods).flatMap(({ label }) =>
      models.map(({ name, trust }) => ({ name: name + label, trust })),
    ),
    ...periods.map((period) => ({ name: `seasonal naive ${period}`, trust: 1 })),
  ];
}

/** What every candidate says comes after `values` (not empty, none negative). Nothing said is negative. */
export function forecastEach(
  values: readonly number[],
  periods: readonly number[],
  horizon: number,
): CandidateForecasts {
  const highest = HIGHEST_MULTIPLE * values.reduce((a, b) => max(a, b), 0);
  const bounded = (forecast: readonly number[]) =>
    forecast.map((value) => min(highest, max(0, value)));
  const models = modelsFor(periods[0] ?? 1);
  const treated = treatmentsFor(periods).flatMap((treatment) => {
    if (treatment.periods.some((period) => values.length < 2 * period)) {
      return models.map(() => undefined);
    }
    let rest: readonly number[] = values;
    const layers = treatment.periods.map((period) => {
      const layer = takeOutSeason(rest, period, treatment.kind);
      rest = layer.values;
      return layer;
    });
    return models.map((model) => {
      const flat = model.forecast(rest, horizon);
      return bounded(layers.reduceRight((forecast, layer) => layer.restore(forecast), flat));
    });
  });
  const seasonal = periods.map((period) =>
    values.length < period
      ? undefined
      : Array.from({ length: horizon }, (_, step) => values.at(-period + (step % period))!),
  );
  return [...treated, ...seasonal];
}
