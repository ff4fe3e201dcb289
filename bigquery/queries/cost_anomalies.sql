-- Hours whose costs are outside everything seen before them, of all workspaces in one pass: each combination of provider,
-- model and agent by itself, and each workspace as a whole; silent hours cost nothing. One row per workspace and hour: of
-- what alarms together the combination with the greatest impact, and the workspace as a whole only where no combination
-- has alarmed in that hour or the 24 before. Beside it the three combinations that differ most from what is usual.
-- Parameters: @from, @to TIMESTAMP (UTC hours, half open): the history, of which the last hours are judged, those
-- from @judgeFrom TIMESTAMP on; @sensitivity FLOAT64, 1 as tuned, 2 alarms at half the score; @minimumImpactUsd NUMERIC, USD
-- in one hour, more than 0; and where a workspace has its own, of one length: @workspaceIds ARRAY<STRING>,
-- @workspaceSensitivities ARRAY<FLOAT64>, @workspaceMinimumImpactsUsd ARRAY<NUMERIC>.
-- Who runs it: src/analysis/anomalies/cost-anomalies.ts, every hour.
-- Cost bound: one scan of the entries of all workspaces since @from (24 days), of seven short columns.
-- Money: costUsd, usualUsd, impactUsd (the cost less what is usual at this hour): USD, exact decimal text. lowUsd, highUsd:
-- USD, the expected range, a statistic. A workspace's first hour within the history begins it.
WITH cells AS (
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
  GROUP BY workspace_id, hour, provider, model, agent
),
amounts AS (
  SELECT
    cells.workspace_id AS workspace_id,
    scope.is_whole AS is_whole,
    scope.provider AS provider,
    scope.model AS model,
    scope.agent AS agent,
    -- JSON strings say themselves where they end, so that no two scopes have one name.
    CONCAT(
      TO_JSON_STRING(cells.workspace_id), IF(scope.is_whole, 'whole', 'cell'), TO_JSON_STRING(scope.provider),
      TO_JSON_STRING(scope.model), TO_JSON_STRING(scope.agent)
    ) AS series,
    cells.hour AS hour,
    SUM(cells.cost_usd) AS cost_usd
  FROM cells
  CROSS JOIN UNNEST([
    STRUCT(FALSE AS is_whole, cells.provider AS provider, cells.model AS model, cells.agent AS agent),
    STRUCT(TRUE AS is_whole, '' AS provider, '' AS model, '' AS agent)
  ]) AS scope
  GROUP BY workspace_id, is_whole, provider, model, agent, series, hour
),
observed AS (
  SELECT series, hour, CAST(cost_usd AS FLOAT64) AS value
  FROM amounts
),
own_settings AS (
  SELECT
    workspace_id,
    @workspaceSensitivities[OFFSET(position)] AS sensitivity,
    @workspaceMinimumImpactsUsd[OFFSET(position)] AS minimum_impact_usd
  FROM UNNEST(@workspaceIds) AS workspace_id WITH OFFSET AS position
),
workspaces AS (
  SELECT
    starts.workspace_id AS workspace_id,
    starts.first_hour AS first_hour,
    COALESCE(own_settings.sensitivity, @sensitivity) AS sensitivity,
    COALESCE(own_settings.minimum_impact_usd, @minimumImpactUsd) AS minimum_impact_usd
  FROM (SELECT workspace_id, MIN(hour) AS first_hour FROM cells GROUP BY workspace_id) AS starts
  LEFT JOIN own_settings ON own_settings.workspace_id = starts.workspace_id
),
spans AS (
  SELECT
    scopes.series AS series,
    scopes.workspace_id AS workspace_id,
    scopes.is_whole AS is_whole,
    scopes.provider AS provider,
    scopes.model AS model,
    scopes.agent AS agent,
    workspaces.sensitivity AS sensitivity,
    workspaces.first_hour AS first_hour,
    TIMESTAMP_SUB(@to, INTERVAL 1 HOUR) AS last_hour,
    @judgeFrom AS judged_from,
    TRUE AS silent_is_zero,
    CAST(workspaces.minimum_impact_usd AS FLOAT64) AS grain
  FROM (
    SELECT series, workspace_id, is_whole, provider, model, agent
    FROM amounts
    GROUP BY series, workspace_id, is_whole, provider, model, agent
    -- Of a workspace with one combination the whole says nothing more.
    QUALIFY NOT is_whole OR COUNT(*) OVER (PARTITION BY workspace_id) > 2
  ) AS scopes
  INNER JOIN workspaces ON workspaces.workspace_id = scopes.workspace_id
),
-- include: fragments/outside_everything_seen.sql
, alarms AS (
  SELECT
    spans.workspace_id AS workspace_id,
    spans.is_whole AS is_whole,
    spans.provider AS provider,
    spans.model AS model,
    spans.agent AS agent,
    judged.series AS series,
    judged.hour AS hour,
    judged.kind AS kind,
    judged.signal AS signal,
    judged.score AS score,
    judged.days AS days,
    judged.low AS low,
    judged.high AS high,
    judged.usual AS usual,
    judged.value AS value,
    COUNTIF(NOT spans.is_whole) OVER (
      PARTITION BY spans.workspace_id ORDER BY UNIX_SECONDS(judged.hour) RANGE BETWEEN 86400 PRECEDING AND CURRENT ROW
    ) AS alarms_of_cells
  FROM judged
  INNER JOIN spans ON spans.series = judged.series
  WHERE judged.score * spans.sensitivity >= 1
    AND NOT judged.is_held_back
),
leading AS (
  SELECT *
  FROM alarms
  WHERE hour >= @judgeFrom
    AND (NOT is_whole OR alarms_of_cells = 0)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY workspace_id, hour ORDER BY ABS(value - usual) DESC, series) = 1
),
exact AS (
  SELECT
    leading.*,
    COALESCE(amounts.cost_usd, NUMERIC '0') AS cost_usd,
    ROUND(CAST(leading.usual AS NUMERIC), 6) AS usual_usd
  FROM leading
  LEFT JOIN amounts ON amounts.series = leading.series AND amounts.hour = leading.hour
),
contributions AS (
  SELECT
    exact.series AS series,
    exact.hour AS hour,
    ARRAY_AGG(
      STRUCT(
        spans.provider AS provider,
        spans.model AS model,
        spans.agent AS agent,
        CAST(ROUND(CAST(compared.value - compared.usual AS NUMERIC), 6) AS STRING) AS impactUsd
      )
      ORDER BY ABS(compared.value - compared.usual) DESC, spans.series
      LIMIT 3
    ) AS largest
  FROM exact
  INNER JOIN spans ON spans.workspace_id = exact.workspace_id AND NOT spans.is_whole
  INNER JOIN compared ON compared.series = spans.series AND compared.hour = exact.hour
  WHERE compared.value != compared.usual
  GROUP BY series, hour
)
SELECT
  exact.workspace_id AS workspaceId,
  exact.hour AS hour,
  IF(exact.is_whole, 'workspace', 'combination') AS level,
  exact.provider AS provider,
  exact.model AS model,
  exact.agent AS agent,
  exact.kind AS kind,
  exact.signal AS signal,
  ROUND(exact.score, 6) AS score,
  ROUND(exact.days, 6) AS days,
  CAST(exact.cost_usd AS STRING) AS costUsd,
  CAST(exact.usual_usd AS STRING) AS usualUsd,
  CAST(exact.cost_usd - exact.usual_usd AS STRING) AS impactUsd,
  exact.low AS lowUsd,
  exact.high AS highUsd,
  contributions.largest AS contributions
FROM exact
LEFT JOIN contributions ON contributions.series = exact.series AND contributions.hour = exact.hour
ORDER BY exact.hour, exact.workspace_id
