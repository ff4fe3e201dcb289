import { createBigQueryEmulator } from '../../local/bigquery/emulator.ts';
import { provisionBigquery } from '../../local/provision/bigquery.ts';
import { detectCostAnomalies } from '../../src/analysis/anomalies/cost-anomalies.ts';
import { HISTORY_DAYS } from '../../src/analysis/anomalies/judged-hours.ts';
import { createWarehouse } from '../../src/cloud/bigquery.ts';
import { parseUsd } from '../../src/core/money.ts';
import { DAY_MS, formatInstant, HOUR_MS } from '../../src/core/time.ts';

const PROJECT = 'bench';
const DATASET = 'bench';
const TO_MS = Date.parse('2026-11-01T00:00:00Z');
/** Every so many workspaces have an hour to be found, their last. */
const PLANTED_EVERY = 50;
const DEFAULTS = { sensitivity: 1, minimumImpactNanoUsd: parseUsd('1') };

/** An hour of a workspace: $10 to $16 by the time of day, noise, and threefold in every fiftieth workspace's last hour. */
const FILL = `
INSERT INTO cost_events (
  workspace_id, event_id, entry, event_time, ingest_time, content_hash, events, unpriced_events, cost_usd, cost_source,
  resource_type, resource_id, provider, model, agent_id
)
SELECT
  CONCAT('workspace-', CAST(w AS STRING)),
  CONCAT(CAST(w AS STRING), '-', CAST(h AS STRING)),
  'event', TIMESTAMP_ADD(@from, INTERVAL h HOUR), TIMESTAMP_ADD(@from, INTERVAL h HOUR), 'h', 1, 0,
  NUMERIC '0.01' * (1600 - 50 * ABS(MOD(h, 24) - 12) + MOD(w * 7919 + h * 104729 + w * h * 31, 251))
    * IF(MOD(w, ${PLANTED_EVERY}) = 0 AND h = @hours - 1, 3, 1),
  'reported', 'llm_api', 'chat.completions', 'openai', 'gpt-4o', 'agent'
FROM UNNEST(GENERATE_ARRAY(1, @workspaces)) AS w
CROSS JOIN UNNEST(GENERATE_ARRAY(0, @hours - 1)) AS h`;

/** What BigQuery bills by: a text is its bytes and 2, a time 8, a NUMERIC 16. The columns the query and the view read. */
const BYTES = `
SELECT SUM(
  2 + BYTE_LENGTH(workspace_id) + 2 + BYTE_LENGTH(event_id) + 2 + BYTE_LENGTH(content_hash) + 2 + BYTE_LENGTH(provider)
  + 2 + BYTE_LENGTH(model) + 2 + BYTE_LENGTH(agent_id) + 8 + 8 + 16
) AS bytes, COUNT(*) AS entries
FROM cost_events
WHERE event_time >= TIMESTAMP_TRUNC(@from, DAY) AND event_time < @to`;

/**
 * Seconds the anomaly query takes on the local BigQuery over `workspaces` with an entry an hour for `days` days: judging
 * every hour that has its history, as a first run does, and judging the last one, as every hour's does; and the bytes
 * BigQuery would scan for each. Throws when it does not find what was planted.
 */
export async function benchAnalysis(
  say: (line: string) => void,
  { workspaces = 1_000, days = 90 } = {},
) {
  process.env.METADATA_SERVER_DETECTION = 'none';
  const emulator = createBigQueryEmulator({ projectId: PROJECT });
  await emulator.start();
  try {
    await provisionBigquery({ projectId: PROJECT, apiEndpoint: emulator.url, dataset: DATASET });
    const warehouse = createWarehouse({
      projectId: PROJECT,
      dataset: DATASET,
      apiEndpoint: emulator.url,
    });
    const period = { from: formatInstant(TO_MS - days * DAY_MS), to: formatInstant(TO_MS) };
    const filling = performance.now();
    await warehouse.query({
      sql: FILL,
      params: { from: period.from, hours: days * 24, workspaces },
      types: { from: 'TIMESTAMP', hours: 'INT64', workspaces: 'INT64' },
    });
    say(`filled the ledger in ${seconds(filling)} s`);

    async function judge(judgeFromMs: number) {
      const started = performance.now();
      const found = await detectCostAnomalies(warehouse, {
        judgeFromMs,
        toMs: TO_MS,
        defaults: DEFAULTS,
        workspaces: new Map(),
      });
      const tookSeconds = seconds(started);
      const planted = found.filter(
        ({ hourMs, workspaceId }) =>
          hourMs === TO_MS - HOUR_MS && Number(workspaceId.split('-')[1]) % PLANTED_EVERY === 0,
      ).length;
      if (planted !== Math.floor(workspaces / PLANTED_EVERY))
        throw new Error(`only ${planted} of the planted hours were found`);
      const from = formatInstant(judgeFromMs - HISTORY_DAYS * DAY_MS);
      const [touched] = await warehouse.query<{ bytes: number; entries: number }>({
        sql: BYTES,
        params: { from, to: period.to },
        types: { from: 'TIMESTAMP', to: 'TIMESTAMP' },
      });
      return { tookSeconds, ...touched! };
    }

    const hourly = await judge(TO_MS - HOUR_MS);
    say(`judged the last hour in ${hourly.tookSeconds} s`);
    const whole = await judge(TO_MS - (days - HISTORY_DAYS) * DAY_MS);
    say(`judged ${days - HISTORY_DAYS} days in ${whole.tookSeconds} s`);
    return {
      anomalySeconds: whole.tookSeconds,
      rows: whole.entries,
      bytes: whole.bytes,
      hourlySeconds: hourly.tookSeconds,
      hourlyRows: hourly.entries,
      hourlyBytes: hourly.bytes,
    };
  } finally {
    await emulator.close();
  }
}

const seconds = (since: number) => Math.round((performance.now() - since) / 100) / 10;
