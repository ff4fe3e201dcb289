import { parseArgs } from 'node:util';

const USAGE = `Usage: npm run eval -- anomalies|cost-jumps|forecast|log-patterns <data folder> [--json]

  anomalies   The detector on labelled series (labels.json and CSV files, as in the Numenta Anomaly Benchmark): its
              scores and false alerts beside the rolling z-score's.
  cost-jumps  Hourly costs of made tenants, and of real ones (servegen-hourly-30-tenants.csv.gz, left out where it is not
              there): false alerts, and how many jumps of one agent to three times its costs are told in their first hour.
  forecast    Forecasts of real hourly usage (servegen-hourly-30-tenants.csv.gz, left out where it is not there) and of made
              series: error of the sum beside the straight line's and the last week's mean's; how much intervals hold.
  log-patterns  Log messages grouped by template where the true groups are known (*.log_structured.csv with Content and
              EventId, as in Loghub-2k; left out where there are none), and made messages: grouping accuracy beside the raw
              text's and that of masking digits only.
  --json      One JSON document on stdout; progress stays on stderr.
`;

type Evaluation = (
  folder: string,
  say: (line: string) => void,
) => Promise<{ figures: Record<string, unknown>; text: string }>;

const EVALUATIONS: Record<string, () => Promise<Evaluation>> = {
  anomalies: async () => (await import('./anomalies.ts')).evaluateAnomalies,
  'cost-jumps': async () => (await import('./cost-jumps.ts')).evaluateCostJumps,
  'log-patterns': async () => (await import('./log-patterns.ts')).evaluateLogPatterns,
  forecast: async () => (await import('./forecast.ts')).evaluateForecast,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
});
const [what, folder] = positionals;
const evaluation = what === undefined ? undefined : EVALUATIONS[what];
if (values.help || evaluation === undefined || folder === undefined || positionals.length > 2) {
  process.stderr.write(USAGE);
  process.exit(values.help ? 0 : 2);
}
const evaluate = await evaluation();
const { figures, text } = await evaluate(folder, (line) => process.stderr.write(`${line}\n`));
console.log(values.json ? JSON.stringify(figures, null, 2) : text);
process.exit(0);
