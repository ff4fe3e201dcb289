-- What workspaces spent day by day, days without costs included, and in the seven days up to each day beside the seven days
-- before those.
-- Parameters: @workspaceIds ARRAY<STRING>; @from, @to TIMESTAMP (UTC midnights, half open).
-- Who runs it: src/analysis/insights/trend.ts.
-- Cost bound: one scan of the workspaces' entries in the period. Money: costUsd, last7DaysUsd, previous7DaysUsd: USD, exact
-- decimal text; the latter two NULL where they would begin before @from.
WITH sums AS (
  SELECT
    workspace_id,
    DATE(event_time) AS day,
    SUM(cost_usd) AS cost_usd,
    SUM(events) AS events,
    SUM(unpriced_events) AS unpriced
  FROM costs
  WHERE workspace_id IN UNNEST(@workspaceIds)
    AND event_time >= @from
    AND event_time < @to
  GROUP BY workspace_id, day
),
days AS (
  SELECT workspace_id, day
  FROM UNNEST(@workspaceIds) AS workspace_id
  CROSS JOIN UNNEST(GENERATE_DATE_ARRAY(DATE(@from), DATE(TIMESTAMP_SUB(@to, INTERVAL 1 DAY)))) AS day
),
filled AS (
  SELECT
    days.workspace_id AS workspace_id,
    days.day AS day,
    COALESCE(sums.cost_usd, NUMERIC '0') AS cost_usd,
    COALESCE(sums.events, 0) AS events,
    COALESCE(sums.unpriced, 0) AS unpriced
  FROM days
  LEFT JOIN sums ON sums.workspace_id = days.workspace_id AND sums.day = days.day
),
weeks AS (
  SELECT
    filled.*,
    SUM(cost_usd) OVER seven_days AS week_usd,
    COUNT(*) OVER seven_days AS week_days
  FROM filled
  WINDOW seven_days AS (PARTITION BY workspace_id ORDER BY day ROWS BETWEEN 6 PRECEDING AND CURRENT ROW)
),
complete AS (
  SELECT
    workspace_id,
    day,
    cost_usd,
    events,
    unpriced,
    IF(week_days = 7, week_usd, NULL) AS week_usd
  FROM weeks
)
SELECT
  workspace_id AS workspaceId,
  CAST(day AS STRING) AS day,
  CAST(cost_usd AS STRING) AS costUsd,
  CAST(events AS STRING) AS events,
  CAST(unpriced AS STRING) AS unpriced,
  CAST(week_usd AS STRING) AS last7DaysUsd,
  CAST(LAG(week_usd, 7) OVER (PARTITION BY workspace_id ORDER BY day) AS STRING) AS previous7DaysUsd
FROM complete
ORDER BY workspace_id, day
