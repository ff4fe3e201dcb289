-- Hours in which a metric of a workspace is outside everything seen before, of all workspaces in one pass: per provider and
-- model the share of calls that failed (error_rate) and their mean latency (latency_ms), in hours with enough calls to say; and
-- what the business counts (user_action, session_duration, revenue, cost), where silent hours count as zero. One row per series
-- and hour that alarms. Fewer errors and less latency are good news and never alarm. Beside them the series to follow.
-- Parameters: @from, @to TIMESTAMP (UTC hours, half open): the history, of which the last hours are judged, those
-- from @judgeFrom TIMESTAMP on; @sensitivity FLOAT64, 1 as tuned, 2 alarms at half the score, and where a workspace has its own,
-- of one length: @workspaceIds ARRAY<STRING>, @workspaceSensitivities ARRAY<FLOAT64>; @minimumCalls INT64, calls in one hour
-- that a share or mean is taken of; and what a difference is too small to matter under, more than 0: @minimumErrorRate
-- FLOAT64, a share, and @minimumFailures INT64, failed calls; @minimumLatencyShare FLOAT64, of the series' mean; @minimumCount, @minimumSeconds, @minimumUsd FLOAT64, of
-- the business's sums by unit; @follow ARRAY<STRING>: series that are told of from @judgeFrom on, alarm or not.
-- Who runs it: src/analysis/anomalies/metric-anomalies.ts, every hour.
-- Cost bound: one scan of the entries of all workspaces since @from (24 days), of ten short columns, and of six short ones of
-- the business metrics since then.
-- Units: value, usual, low, high: of the metric (share, milliseconds, 1, s, USD), statistics. impactUsd: USD, exact decimal
-- text: what failed calls cost in the hour; of money the sum less what is usual; NULL of others. series:
-- {"metric":…,"model":…,"provider":…,"unit":…,"workspace":…}, so that no two have one name.
WITH call_hours AS (
  SELECT
    workspace_id,
    provider,
    COALESCE(model, '') AS model,
    TIMESTAMP_TRUNC(event_time, HOUR) AS hour,
    -- An event that was taken back counts -1 and so not at all, the correction of a price 0.
    SUM(events) AS calls,
    SUM(IF(outcome_status = 'error', events, 0)) AS failed,
    SUM(IF(outcome_status = 'error', cost_usd, NUMERIC '0')) AS failed_usd,
    -- What takes back or corrects has no latency: it is no second measurement.
    COUNT(latency_ms) AS timed,
    AVG(latency_ms) AS latency_ms
  FROM costs
  WHERE event_time >= @from
    AND event_time < @to
    AND outcome_status IS NOT NULL
  GROUP BY workspace_id, provider, model, hour
),
sums AS (
  SELECT workspace_id, metric, unit, TIMESTAMP_TRUNC(event_time, HOUR) AS hour, SUM(value) AS total
  FROM business
  WHERE event_time >= @from
    AND event_time < @to
  GROUP BY workspace_id, metric, unit, hour
),
measured AS (
  SELECT
    workspace_id, 'error_rate' AS metric, '1' AS unit, provider, model, hour,
    failed / calls AS value, calls, failed_usd AS usd
  FROM call_hours
  WHERE calls >= GREATEST(@minimumCalls, 1)
  UNION ALL
  SELECT workspace_id, 'latency_ms', 'ms', provider, model, hour, latency_ms, NULL, NULL
  FROM call_hours
  WHERE timed >= GREATEST(@minimumCalls, 1)
  UNION ALL
  SELECT workspace_id, metric, unit, '', '', hour, CAST(total AS FLOAT64), NULL, IF(unit = 'USD', total, NULL)
  FROM sums
),
named AS (
  SELECT
    CONCAT(
      '{"metric":', TO_JSON_STRING(metric), ',"model":', TO_JSON_STRING(model),
      ',"provider":', TO_JSON_STRING(provider), ',"unit":', TO_JSON_STRING(unit),
      ',"workspace":', TO_JSON_STRING(workspace_id), '}'
    ) AS series,
    *
  FROM measured
),
observed AS (
  SELECT series, hour, value
  FROM named
),
spans AS (
  SELECT
    scopes.series AS series,
    scopes.workspace_id AS workspace_id,
    scopes.metric AS metric,
    scopes.unit AS unit,
    scopes.provider AS provider,
    scopes.model AS model,
    COALESCE(own_settings.sensitivity, @sensitivity) AS sensitivity,
    scopes.first_hour AS first_hour,
    TIMESTAMP_SUB(@to, INTERVAL 1 HOUR) AS last_hour,
    @judgeFrom AS judged_from,
    scopes.metric NOT IN ('error_rate', 'latency_ms') AS silent_is_zero,
    CASE
      WHEN scopes.metric = 'error_rate' THEN @minimumErrorRate
      WHEN scopes.metric = 'latency_ms' THEN GREATEST(@minimumLatencyShare * scopes.mean, 1.0)
      WHEN scopes.unit = 'USD' THEN @minimumUsd
      WHEN scopes.unit = 's' THEN @minimumSeconds
      ELSE @minimumCount
    END AS grain
  FROM (
    SELECT series, workspace_id, metric, unit, provider, model, MIN(hour) AS first_hour, AVG(value) AS mean
    FROM named
    GROUP BY series, workspace_id, metric, unit, provider, model
  ) AS scopes
  LEFT JOIN (
    SELECT workspace_id, @workspaceSensitivities[OFFSET(position)] AS sensitivity
    FROM UNNEST(@workspaceIds) AS workspace_id WITH OFFSET AS position
  ) AS own_settings ON own_settings.workspace_id = scopes.workspace_id
),
-- include: fragments/outside_everything_seen.sql
, told AS (
  SELECT
    spans.* EXCEPT (sensitivity, first_hour, last_hour, silent_is_zero, grain),
    compared.hour AS hour,
    compared.is_known AS is_known,
    compared.value AS value,
    compared.usual AS usual,
    judged.kind AS kind,
    judged.signal AS signal,
    judged.score AS score,
    judged.days AS days,
    judged.low AS low,
    judged.high AS high,
    named.usd AS usd,
    COALESCE(
      judged.score * spans.sensitivity >= 1
        AND NOT judged.is_held_back
        AND (judged.value > judged.high OR spans.silent_is_zero)
        -- Of a few calls some fail by chance.
        AND (
          spans.metric != 'error_rate'
          OR (compared.value - COALESCE(compared.usual, 0.0)) * named.calls >= @minimumFailures
        ),
      FALSE
    ) AS is_alarm
  FROM compared
  INNER JOIN spans ON spans.series = compared.series
  LEFT JOIN judged ON judged.series = compared.series AND judged.hour = compared.hour
  LEFT JOIN named ON named.series = compared.series AND named.hour = compared.hour
  WHERE compared.hour >= @judgeFrom
)
SELECT
  series,
  workspace_id AS workspaceId,
  metric,
  unit,
  provider,
  model,
  hour,
  is_alarm AS isAlarm,
  is_known AS isKnown,
  kind,
  signal,
  ROUND(score, 6) AS score,
  ROUND(days, 6) AS days,
  ROUND(value, 9) AS value,
  ROUND(usual, 9) AS usual,
  ROUND(low, 9) AS low,
  ROUND(high, 9) AS high,
  CAST(
    CASE
      WHEN metric = 'error_rate' THEN usd
      WHEN unit = 'USD' THEN
        COALESCE(usd, NUMERIC '0') - ROUND(CAST(COALESCE(usual, 0.0) AS NUMERIC), 6)
    END AS STRING
  ) AS impactUsd
FROM told
WHERE is_alarm OR series IN UNNEST(@follow)
ORDER BY hour, series
