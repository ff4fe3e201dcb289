-- Hours in which services log more, less or at other times than ever before: entries per service and severity, of all
-- services in one pass; silent hours count as zero. One row per service, severity and hour that alarms, the worst severity
-- first. Fewer entries of WARNING or worse are good news and never alarm. Beside them every hour of the series to follow.
-- Parameters: @from, @to TIMESTAMP (UTC hours, half open): the history, of which the last hours are judged, those
-- from @judgeFrom TIMESTAMP on; @sensitivity FLOAT64, 1 as tuned, 2 alarms at half the score; @minimumEntries INT64, entries
-- in one hour that a difference is too small to matter under, more than 0; @follow ARRAY<STRING>: series that are told of from
-- @judgeFrom on, alarm or not.
-- Who runs it: src/analysis/anomalies/log-volume-anomalies.ts, every hour.
-- Cost bound: one scan of the log entries since @from (24 days), of nine short columns; @from on a day's start prunes to it.
-- Units: value, usual, low, high: entries per hour, all but the first statistics. series:
-- {"service":…,"severity":…}.
WITH entries AS (
  SELECT
    TIMESTAMP_TRUNC(timestamp, HOUR) AS hour,
    severity,
    severity_number,
    COALESCE(JSON_VALUE(labels, '$.service'), JSON_VALUE(resource.labels, '$.service_name'), log_id, '') AS service
  FROM logs
  WHERE timestamp >= @from
    AND timestamp < @to
    -- Of an entry in pieces the first one counts.
    AND COALESCE(split.index, 0) = 0
  -- Entries may have been written twice.
  QUALIFY ROW_NUMBER() OVER (PARTITION BY log_name, timestamp, insert_id ORDER BY receive_timestamp) = 1
),
counts AS (
  SELECT
    CONCAT(
      '{"service":', TO_JSON_STRING(service), ',"severity":', TO_JSON_STRING(COALESCE(severity, 'DEFAULT')), '}'
    ) AS series,
    service,
    COALESCE(severity, 'DEFAULT') AS severity,
    MAX(COALESCE(severity_number, 0)) AS severity_number,
    hour,
    COUNT(*) AS entries
  FROM entries
  GROUP BY series, service, severity, hour
),
observed AS (
  SELECT series, hour, CAST(entries AS FLOAT64) AS value
  FROM counts
),
spans AS (
  SELECT
    scopes.series AS series,
    scopes.service AS service,
    scopes.severity AS severity,
    scopes.severity_number AS severity_number,
    services.first_hour AS first_hour,
    TIMESTAMP_SUB(@to, INTERVAL 1 HOUR) AS last_hour,
    @judgeFrom AS judged_from,
    TRUE AS silent_is_zero,
    CAST(@minimumEntries AS FLOAT64) AS grain
  FROM (
    SELECT series, service, severity, MAX(severity_number) AS severity_number
    FROM counts
    GROUP BY series, service, severity
  ) AS scopes
  -- A severity that a service never had before is news from the service's second day on.
  INNER JOIN (SELECT service, MIN(hour) AS first_hour FROM counts GROUP BY service) AS services
    ON services.service = scopes.service
),
-- include: fragments/outside_everything_seen.sql
, told AS (
  SELECT
    spans.series AS series,
    spans.service AS service,
    spans.severity AS severity,
    spans.severity_number AS severity_number,
    compared.hour AS hour,
    compared.value AS value,
    compared.usual AS usual,
    judged.kind AS kind,
    judged.signal AS signal,
    judged.score AS score,
    judged.days AS days,
    judged.low AS low,
    judged.high AS high,
    COALESCE(
      judged.score * @sensitivity >= 1
        AND NOT judged.is_held_back
        AND (judged.value > judged.high OR spans.severity_number < 400),
      FALSE
    ) AS is_alarm
  FROM compared
  INNER JOIN spans ON spans.series = compared.series
  LEFT JOIN judged ON judged.series = compared.series AND judged.hour = compared.hour
  WHERE compared.hour >= @judgeFrom
)
SELECT
  series,
  service,
  severity,
  severity_number AS severityNumber,
  hour,
  is_alarm AS isAlarm,
  kind,
  signal,
  ROUND(score, 6) AS score,
  ROUND(days, 6) AS days,
  value,
  ROUND(usual, 6) AS usual,
  low,
  high
FROM told
WHERE is_alarm OR series IN UNNEST(@follow)
ORDER BY hour, severity_number DESC, series
