import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { forecastSeries } from '../../src/costs/forecast/forecast.ts';
import { carriedOn, type Judged, judge, lastWeek, straightLine } from './forecast-score.ts';
import { type Case, madeKinds } from './forecast-series.ts';

const FILE = 'servegen-hourly-30-tenants.csv.gz';
const HORIZON = 48;

/** A week must be known: the mean of the last week is one of the baselines. */
const FIRST_ORIGIN = 168;
const ORIGIN_STEP = 12;
const CASES_PER_KIND = 60;

/**
 * Forecasts beside their baselines: the last 48 hours of real tenants' hourly usage, the same from every 12th hour on, and made
 * series of several kinds. One window of 30 tenants is little: tenants share their days, and a calm day flatters all.
 */
export async function evaluateForecast(folder: string, say: (line: string) => void) {
  const lines: string[] = [];
  const figures: Record<string, unknown> = {};
  const file = join(folder, FILE);
  if (existsSync(file)) {
    for (const [measure, tenants] of Object.entries(readTenants(file))) {
      say(`Forecasting the ${measure} of ${tenants.length} tenants …`);
      const length = tenants[0]!.length;
      const at = (origin: number) =>
        tenants.map((values): Case => {
          return { values: values.slice(0, origin + HORIZON), season: 24, horizon: HORIZON };
        });
      const last = judgeAll(at(length - HORIZON));
      const origins: Judged[] = [];
      for (let origin = FIRST_ORIGIN; origin <= length - HORIZON; origin += ORIGIN_STEP) {
        origins.push(judgeAll(at(origin)));
      }
      const rolling = average(origins);
      figures[measure] = { last, rolling, origins: origins.length };
      lines.push(
        '',
        `hourly ${measure} of ${tenants.length} tenants`,
        HEAD,
        row(`last ${HORIZON} hours`, last),
        row(`mean of ${origins.length} origins`, rolling),
      );
    }
  } else {
    lines.push('', `${file} is not there: real usage is left out.`);
  }
  say('Forecasting made series …');
  const made = madeKinds(CASES_PER_KIND).map(({ name, cases }) => ({ name, ...judgeAll(cases) }));
  figures.made = made;
  lines.push('', `made series, ${CASES_PER_KIND} of each kind`, HEAD);
  for (const { name, ...judged } of made) lines.push(row(name, judged));
  lines.push('', NOTE);
  return { figures, text: lines.join('\n') };
}

const HEAD =
  '                                  error of the sum, median        mean error ÷     holds, of 100\n' +
  '                                  ours    line    week   naive   seasonal naive     80 %    95 %';
const NOTE =
  'line: least squares through everything; week: mean of the last week (168 hours, 7 days or values); naive: the last value;\n' +
  'seasonal naive: the last season. Targets: ours below line and week; 77 to 83 and 92 to 98 of 100 values held.';

function row(name: string, judged: Judged): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`.padStart(8);
  const { sumError, lineSumError, weekSumError, naiveSumError } = judged;
  return (
    `  ${name.padEnd(30)}` +
    [sumError, lineSumError, weekSumError, naiveSumError].map(percent).join('') +
    `${judged.againstSeasonalNaive.toFixed(2).padStart(15)}     ` +
    [judged.held80, judged.held95].map(percent).join('')
  );
}

function judgeAll(cases: readonly Case[]): Judged {
  return judge(
    cases.map(({ values, season, horizon }) => {
      const known = values.slice(0, -horizon);
      return {
        known,
        actual: values.slice(-horizon),
        season,
        ours: forecastSeries(known, { horizon, season }).steps,
        line: straightLine(known, horizon),
        week: lastWeek(known, horizon, season),
        naive: carriedOn(known, horizon, 1),
      };
    }),
  );
}

function average(all: readonly Judged[]): Judged {
  const names = Object.keys(all[0]!) as (keyof Judged)[];
  const mean = (name: keyof Judged) => all.reduce((sum, one) => sum + one[name] / all.length, 0);
  return Object.fromEntries(names.map((name) => [name, mean(name)])) as Judged;
}

/** Requests and tokens by hour of each tenant. */
function readTenants(file: string): Record<'requests' | 'tokens', number[][]> {
  const rows = gunzipSync(readFileSync(file))
    .toString()
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));
  const hours = 1 + Math.max(...rows.map((fields) => Number(fields[2])));
  const requests = new Map<string, number[]>();
  const tokens = new Map<string, number[]>();
  for (const [tenant = '', , hour, count, input, output] of rows) {
    if (!requests.has(tenant)) {
      requests.set(tenant, new Array<number>(hours).fill(0));
      tokens.set(tenant, new Array<number>(hours).fill(0));
    }
    requests.get(tenant)![Number(hour)] = Number(count);
    tokens.get(tenant)![Number(hour)] = Number(count) * (Number(input) + Number(output));
  }
  return { requests: [...requests.values()], tokens: [...tokens.values()] };
}
