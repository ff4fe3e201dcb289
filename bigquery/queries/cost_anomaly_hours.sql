-- What became of cost anomalies: the hours since each began, with what is usual and what was seen at that hour of the day in
-- the seven days before it began (the hour itself, and the one before and after it). Silent hours cost nothing.
-- Parameters: @from, @to TIMESTAMP (UTC hours, half open): the entries that count, from seven days and an hour before the
-- first anomaly began. All others have one entry per anomaly: @ids, @workspaceIds ARRAY<STRING>; @isWhole ARRAY<BOOL>, whether
-- it is about the workspace as a whole, else about this combination: @providers, @models, @agents ARRAY<STRING>, '' where an
-- event named none; @sinces ARRAY<TIMESTAMP>, the hours they began in (UTC).
-- Who runs it: src/analysis/anomalies/cost-anomaly-hours.ts, every hour while there are any.
-- Cost bound: one scan of the entries of these workspaces since @from, some days to two weeks, of seven short columns.
-- Money: costUsd, usualUsd (0 where nothing was before): USD, exact decimal text. lowUsd, highUsd: USD, the range seen, a
-- statistic, NULL where nothing was seen.
WITH followed AS (
  SELECT
    id,
    @workspaceIds[OFFSET(position)] AS workspace_id,
    @isWhole[OFFSET(position)] AS is_whole,
    @providers[OFFSET(position)] AS provider,
    @models[OFFSET(position)] AS model,
    @agents[OFFSET(position)] AS agent,
    @sinces[OFFSET(position)] AS since
  FROM UNNEST(@ids) AS id WITH OFFSET AS position
),
cells AS (
  SELECT
    workspace_id,
    TIMESTAMP_TRUNC(event_time, HOUR) AS hour,
    provider,
    COALESCE(model, '') AS model,
    COALESCE(agent_id, '') AS agent,
    SUM(cost_usd) AS cost_usd
  FROM costs
  WHERE event_time >= @from
    AND event_time < @to
    AND workspace_id IN UNNEST(@workspaceIds)
  GROUP BY workspace_id, hour, provider, model, agent
),
starts AS (
  SELECT workspace_id, MIN(hour) AS first_hour
  FROM cells
  GROUP BY workspace_id
),
spent AS (
  SELECT followed.id AS id, cells.hour AS hour, SUM(cells.cost_usd) AS cost_usd
  FROM followed
  INNER JOIN cells ON cells.workspace_id = followed.workspace_id
  WHERE followed.is_whole
    OR (cells.provider = followed.provider AND cells.model = followed.model AND cells.agent = followed.agent)
  GROUP BY id, hour
),
hours AS (
  SELECT followed.id AS id, followed.since AS since, hour, COALESCE(spent.cost_usd, NUMERIC '0') AS cost_usd
  FROM followed
  INNER JOIN starts ON starts.workspace_id = followed.workspace_id
  CROSS JOIN UNNEST(
    GENERATE_TIMESTAMP_ARRAY(
      GREATEST(starts.first_hour, TIMESTAMP_SUB(followed.since, INTERVAL 168 HOUR)),
      TIMESTAMP_SUB(@to, INTERVAL 1 HOUR),
      INTERVAL 1 HOUR
    )
  ) AS hour
  LEFT JOIN spent ON spent.id = followed.id AND spent.hour = hour
),
beside AS (
  SELECT
    later.id AS id,
    later.hour AS hour,
    AVG(IF(MOD(TIMESTAMP_DIFF(later.hour, earlier.hour, HOUR), 24) = 0, earlier.cost_usd, NULL)) AS usual_usd,
    MIN(earlier.cost_usd) AS low_usd,
    MAX(earlier.cost_usd) AS high_usd
  FROM hours AS later
  INNER JOIN hours AS earlier ON earlier.id = later.id
  WHERE later.hour >= later.since
    AND earlier.hour < earlier.since
    AND MOD(TIMESTAMP_DIFF(later.hour, earlier.hour, HOUR) + 1, 24) <= 2
  GROUP BY id, hour
)
SELECT
  hours.id AS id,
  hours.hour AS hour,
  CAST(hours.cost_usd AS STRING) AS costUsd,
  CAST(ROUND(COALESCE(beside.usual_usd, NUMERIC '0'), 6) AS STRING) AS usualUsd,
  CAST(beside.low_usd AS FLOAT64) AS lowUsd,
  CAST(beside.high_usd AS FLOAT64) AS highUsd
FROM hours
LEFT JOIN beside ON beside.id = hours.id AND beside.hour = hours.hour
WHERE hours.hour >= hours.since
ORDER BY id, hour
