-- Anomalies of hourly series that are given with the query: the means per UTC hour, hours without a value taken as the
-- hour before, judged by how far they lie outside everything seen before.
-- Parameters: @series ARRAY<STRING>, @at ARRAY<TIMESTAMP> (UTC), @value ARRAY<FLOAT64>: the measurements, of one length, in
-- any order; @sensitivity FLOAT64, 1 as tuned, 2 alarms at half the score.
-- Who runs it: src/analysis/anomalies/detect.ts, for `ax analyze anomalies` and whoever tries the detector on a file.
-- Cost bound: reads no table.
WITH observed AS (
  SELECT
    @series[OFFSET(position)] AS series,
    TIMESTAMP_TRUNC(measured_at, HOUR) AS hour,
    AVG(@value[OFFSET(position)]) AS value
  FROM UNNEST(@at) AS measured_at WITH OFFSET AS position
  GROUP BY series, hour
),
spans AS (
  SELECT
    series, MIN(hour) AS first_hour, MAX(hour) AS last_hour, MIN(hour) AS judged_from, FALSE AS silent_is_zero, 0.0 AS grain
  FROM observed
  GROUP BY series
),
-- include: fragments/outside_everything_seen.sql
SELECT
  series, hour, kind, signal, value, ROUND(score, 6) AS score, ROUND(days, 6) AS days, low, high, usual
FROM judged
WHERE score * @sensitivity >= 1
  AND NOT is_held_back
ORDER BY series, hour
