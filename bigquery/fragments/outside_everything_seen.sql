-- Fragment: judges every hour of many hourly series by how far it lies outside everything seen before it. To be included
-- in a WITH clause after two CTEs; the method, its numbers and where they come from are in docs/adr/0015-anomalies.md.
-- Reads spans (series STRING; first_hour, last_hour TIMESTAMP, UTC hours, both included; silent_is_zero BOOL, whether an
-- hour without a value is worth zero or what the hour before it was; grain FLOAT64, what a difference is too small to
-- matter under, in the unit of the value) and observed (series STRING, hour TIMESTAMP, value FLOAT64), one row per hour.
-- Gives judged, one row per series and hour outside: value; score (an alarm from 1 on, at a sensitivity of 1);
-- is_held_back (one at least as strong came in the 24 hours before); kind (spike, drop, level_shift, pattern_change);
-- signal (the reading that gave the score), days (how long the range had held that it left), low and high (the expected
-- range of value); usual (the mean of the same hour of the seven days before, without the highest and the lowest). Hours
-- without an observation, and those that differ by less than the grain from what is usual, are never in it.
hours AS (
  SELECT
    spans.series AS series,
    hour,
    spans.grain AS grain,
    spans.silent_is_zero OR observed.value IS NOT NULL AS is_known,
    COALESCE(
      observed.value,
      IF(spans.silent_is_zero, 0.0, LAST_VALUE(observed.value IGNORE NULLS) OVER (
        PARTITION BY spans.series ORDER BY hour ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
      ))
    ) AS value
  FROM spans
  CROSS JOIN UNNEST(GENERATE_TIMESTAMP_ARRAY(spans.first_hour, spans.last_hour, INTERVAL 1 HOUR)) AS hour
  LEFT JOIN observed ON observed.series = spans.series AND observed.hour = hour
),
remembered AS (
  SELECT
    *,
    COUNT(*) OVER ever AS hours_seen,
    MIN(value) OVER ever AS ever_low,
    MAX(value) OVER ever AS ever_high,
    LAG(value) OVER (PARTITION BY series ORDER BY hour) AS previous,
    MIN(value) OVER same_hour AS day_low,
    MAX(value) OVER same_hour AS day_high,
    SUM(value) OVER same_hour AS day_sum,
    COUNT(value) OVER same_hour AS days_seen
  FROM hours
  WHERE value IS NOT NULL
  WINDOW
    ever AS (PARTITION BY series ORDER BY hour ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
    same_hour AS (
      PARTITION BY series, EXTRACT(HOUR FROM hour) ORDER BY hour ROWS BETWEEN 7 PRECEDING AND 1 PRECEDING
    )
),
compared AS (
  SELECT
    *,
    IF(days_seen > 2, (day_sum - day_low - day_high) / (days_seen - 2), SAFE_DIVIDE(day_sum, days_seen)) AS usual,
    -- The least range that counts: what hardly ever varied must not make an alarm of every trifle.
    GREATEST(
      0.125 * (ever_high - ever_low), 0.02 * GREATEST(ABS(ever_low), ABS(ever_high)), grain, 1e-9
    ) AS least_range
  FROM remembered
),
drifting AS (
  SELECT
    *,
    IF(COUNT(usual) OVER three_hours = 3, AVG(value - usual) OVER three_hours, NULL) AS drift
  FROM compared
  WINDOW three_hours AS (PARTITION BY series ORDER BY hour ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)
),
-- Each hour four times, as four readings. In the unit of the value, the reading's limits are base + weight × reading.
readings AS (
  SELECT
    drifting.*,
    reading.signal AS signal,
    reading.reading AS reading,
    reading.scale AS scale,
    reading.low_base AS low_base,
    reading.high_base AS high_base,
    reading.weight AS weight
  FROM drifting
  CROSS JOIN UNNEST([
    STRUCT(
      'level' AS signal, value AS reading, 1.75 AS scale, 0.0 AS low_base, 0.0 AS high_base, 1.0 AS weight
    ),
    STRUCT(
      'hour_of_day' AS signal, GREATEST(value - day_high, 0.0) - GREATEST(day_low - value, 0.0) AS reading,
      3.5 AS scale, day_low AS low_base, day_high AS high_base, 1.0 AS weight
    ),
    STRUCT(
      'step' AS signal, value - previous AS reading, 1.75 AS scale,
      previous AS low_base, previous AS high_base, 1.0 AS weight
    ),
    STRUCT(
      'drift' AS signal, drift AS reading, 1.75 AS scale,
      value - 3.0 * drift AS low_base, value - 3.0 * drift AS high_base, 3.0 AS weight
    )
  ]) AS reading
),
ranges AS (
  SELECT
    *,
    COUNT(reading) OVER last_2 AS readings_seen,
    MIN(reading) OVER last_2 AS low_2,
    MAX(reading) OVER last_2 AS high_2,
    MIN(reading) OVER last_4 AS low_4,
    MAX(reading) OVER last_4 AS high_4,
    MIN(reading) OVER last_8 AS low_8,
    MAX(reading) OVER last_8 AS high_8,
    MIN(reading) OVER last_16 AS low_16,
    MAX(reading) OVER last_16 AS high_16
  FROM readings
  WINDOW
    last_2 AS (PARTITION BY series, signal ORDER BY hour ROWS BETWEEN 48 PRECEDING AND 1 PRECEDING),
    last_4 AS (PARTITION BY series, signal ORDER BY hour ROWS BETWEEN 96 PRECEDING AND 1 PRECEDING),
    last_8 AS (PARTITION BY series, signal ORDER BY hour ROWS BETWEEN 192 PRECEDING AND 1 PRECEDING),
    last_16 AS (PARTITION BY series, signal ORDER BY hour ROWS BETWEEN 384 PRECEDING AND 1 PRECEDING)
),
-- Leaving the range of two days is the least of it: who leaves a longer one has left the shorter ones.
outside AS (
  SELECT *
  FROM ranges
  WHERE is_known
    AND readings_seen >= 24
    AND (reading > high_2 OR reading < low_2)
    AND ABS(value - COALESCE(usual, previous)) >= grain
    -- A step back to what is usual ends an anomaly.
    AND (signal != 'step' OR usual IS NULL OR (value > previous) = (value > usual))
),
scored AS (
  SELECT
    outside.*,
    -- A range of which nothing was left for d days, left by a fraction f of its width: f × d / scale.
    LEAST(
      999.0,
      GREATEST(reading - horizon.high, horizon.low - reading)
        / GREATEST(horizon.high - horizon.low, least_range)
        * LEAST(horizon.days, hours_seen / 24.0) / scale
    ) AS score,
    LEAST(horizon.days, hours_seen / 24.0) AS days,
    low_base + weight * horizon.low AS low,
    high_base + weight * horizon.high AS high
  FROM outside
  CROSS JOIN UNNEST([
    STRUCT(2.0 AS days, low_2 AS low, high_2 AS high),
    STRUCT(4.0 AS days, low_4 AS low, high_4 AS high),
    STRUCT(8.0 AS days, low_8 AS low, high_8 AS high),
    STRUCT(16.0 AS days, low_16 AS low, high_16 AS high)
  ]) AS horizon
),
-- The strongest reading and range decide.
decided AS (
  SELECT *
  FROM scored
  WHERE score > 0
  QUALIFY ROW_NUMBER() OVER (PARTITION BY series, hour ORDER BY score DESC, days DESC, signal = 'drift', signal) = 1
),
judged AS (
  SELECT
    series,
    hour,
    value,
    score,
    COALESCE(
      MAX(score) OVER (
        PARTITION BY series ORDER BY UNIX_SECONDS(hour) RANGE BETWEEN 86400 PRECEDING AND 1 PRECEDING
      ) >= score,
      FALSE
    ) AS is_held_back,
    CASE
      WHEN signal = 'drift' THEN 'level_shift'
      WHEN value > ever_high THEN 'spike'
      WHEN value < ever_low THEN 'drop'
      WHEN signal = 'hour_of_day' THEN 'pattern_change'
      WHEN value > high THEN 'spike'
      ELSE 'drop'
    END AS kind,
    signal,
    days,
    -- What never was negative is not expected to be; the end that was not left is no wider than what was ever seen.
    IF(value < low, low, LEAST(high, GREATEST(low, ever_low))) AS low,
    IF(value > high, high, GREATEST(low, LEAST(high, ever_high))) AS high,
    usual
  FROM decided
)
