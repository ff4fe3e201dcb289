-- Fragment: judges every hour of many hourly series by how far it lies outside everything seen before it. To be included
-- in a WITH clause after two CTEs; the method, its numbers and where they come from are in docs/adr/0015-anomalies.md.
-- Reads spans (series STRING; first_hour, last_hour TIMESTAMP, UTC hours, both included; judged_from TIMESTAMP, before
-- which all is history only; silent_is_zero BOOL, whether an hour without a value is worth zero or what the hour before it
-- was; grain FLOAT64, what a difference is too small to matter under, in the unit of the value) and observed (series
-- STRING, hour TIMESTAMP, value FLOAT64), one row per hour.
-- Gives judged, one row per series and hour outside: value; score (an alarm from 1 on, at a sensitivity of 1);
-- is_held_back (one at least as strong came in the 24 hours before); kind (spike, drop, level_shift, pattern_change);
-- signal (the reading that gave the score), days (how long the range had held that it left), low and high (the expected
-- range of value); usual (the mean of the same hour of the seven days before, without the highest and the lowest). Hours
-- without an observation, and those that differ by less than the grain from what is usual, are never in it. It has the two
-- days before judged_from as well, since an alarm of then holds back weaker ones.
hours AS (
  SELECT
    spans.series AS series,
    hour,
    spans.grain AS grain,
    spans.judged_from AS judged_from,
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
-- Every hour is there from a series' first value on, so the row 24 before is the same hour of the day before.
remembered AS (
  SELECT
    *,
    ROW_NUMBER() OVER by_hour - 1 AS hours_seen,
    MIN(value) OVER ever AS ever_low,
    MAX(value) OVER ever AS ever_high,
    LAG(value) OVER by_hour AS previous,
    LAG(value, 24) OVER by_hour AS day_1,
    LAG(value, 48) OVER by_hour AS day_2,
    LAG(value, 72) OVER by_hour AS day_3,
    LAG(value, 96) OVER by_hour AS day_4,
    LAG(value, 120) OVER by_hour AS day_5,
    LAG(value, 144) OVER by_hour AS day_6,
    LAG(value, 168) OVER by_hour AS day_7
  FROM hours
  WHERE value IS NOT NULL
  WINDOW
    by_hour AS (PARTITION BY series ORDER BY hour),
    ever AS (PARTITION BY series ORDER BY hour ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
same_hours AS (
  SELECT
    * EXCEPT (day_1, day_2, day_3, day_4, day_5, day_6, day_7),
    LEAST(7, DIV(hours_seen, 24)) AS days_seen,
    LEAST(
      day_1, COALESCE(day_2, day_1), COALESCE(day_3, day_1), COALESCE(day_4, day_1), COALESCE(day_5, day_1),
      COALESCE(day_6, day_1), COALESCE(day_7, day_1)
    ) AS day_low,
    GREATEST(
      day_1, COALESCE(day_2, day_1), COALESCE(day_3, day_1), COALESCE(day_4, day_1), COALESCE(day_5, day_1),
      COALESCE(day_6, day_1), COALESCE(day_7, day_1)
    ) AS day_high,
    day_1 + COALESCE(day_2, 0) + COALESCE(day_3, 0) + COALESCE(day_4, 0) + COALESCE(day_5, 0) + COALESCE(day_6, 0)
      + COALESCE(day_7, 0) AS day_sum
  FROM remembered
),
compared AS (
  SELECT
    *,
    IF(days_seen > 2, (day_sum - day_low - day_high) / (days_seen - 2), SAFE_DIVIDE(day_sum, days_seen)) AS usual,
    -- The least range that counts: what hardly ever varied must not make an alarm of every trifle.
    GREATEST(
      0.125 * (ever_high - ever_low), 0.02 * GREATEST(ABS(ever_low), ABS(ever_high)), grain, 1e-9
    ) AS least_range
  FROM same_hours
),
-- The four readings of an hour.
readings AS (
  SELECT
    *,
    value AS level,
    GREATEST(value - day_high, 0.0) - GREATEST(day_low - value, 0.0) AS hour_of_day,
    value - previous AS step,
    IF(COUNT(usual) OVER three_hours = 3, AVG(value - usual) OVER three_hours, NULL) AS drift
  FROM compared
  WINDOW three_hours AS (PARTITION BY series ORDER BY hour ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)
),
-- What each had been in the two days before.
two_days AS (
  SELECT
    *,
    MIN(level) OVER two_days_before AS level_low,
    MAX(level) OVER two_days_before AS level_high,
    MIN(hour_of_day) OVER two_days_before AS hour_of_day_low,
    MAX(hour_of_day) OVER two_days_before AS hour_of_day_high,
    MIN(step) OVER two_days_before AS step_low,
    MAX(step) OVER two_days_before AS step_high,
    MIN(drift) OVER two_days_before AS drift_low,
    MAX(drift) OVER two_days_before AS drift_high
  FROM readings
  WINDOW two_days_before AS (PARTITION BY series ORDER BY hour ROWS BETWEEN 48 PRECEDING AND 1 PRECEDING)
),
-- Leaving the range of two days is the least of it: who leaves a longer one has left the shorter ones. One row per hour and
-- reading that did. In the unit of the value, the reading's limits are base + weight × reading.
outside AS (
  SELECT
    two_days.series AS series,
    two_days.hour AS hour,
    two_days.value AS value,
    two_days.usual AS usual,
    two_days.hours_seen AS hours_seen,
    two_days.ever_low AS ever_low,
    two_days.ever_high AS ever_high,
    two_days.least_range AS least_range,
    reading.signal AS signal,
    reading.reading AS reading,
    reading.scale AS scale,
    reading.low_base AS low_base,
    reading.high_base AS high_base,
    reading.weight AS weight
  FROM two_days
  CROSS JOIN UNNEST([
    STRUCT(
      'level' AS signal, level AS reading, level_low AS low, level_high AS high, 1.75 AS scale, 0 AS first_row,
      0.0 AS low_base, 0.0 AS high_base, 1.0 AS weight
    ),
    STRUCT(
      'hour_of_day' AS signal, hour_of_day AS reading, hour_of_day_low AS low, hour_of_day_high AS high, 3.5 AS scale, 24 AS first_row,
      day_low AS low_base, day_high AS high_base, 1.0 AS weight
    ),
    STRUCT(
      'step' AS signal, step AS reading, step_low AS low, step_high AS high, 1.75 AS scale, 1 AS first_row,
      previous AS low_base, previous AS high_base, 1.0 AS weight
    ),
    STRUCT(
      'drift' AS signal, drift AS reading, drift_low AS low, drift_high AS high, 1.75 AS scale, 26 AS first_row,
      value - 3.0 * drift AS low_base, value - 3.0 * drift AS high_base, 3.0 AS weight
    )
  ]) AS reading
  WHERE two_days.is_known
    -- A day of readings at least.
    AND two_days.hours_seen >= reading.first_row + 24
    AND (reading.reading > reading.high OR reading.reading < reading.low)
    AND ABS(two_days.value - COALESCE(two_days.usual, two_days.previous)) >= two_days.grain
    -- A step back to what is usual ends an anomaly.
    AND (
      reading.signal != 'step'
      OR two_days.usual IS NULL
      OR (two_days.value > two_days.previous) = (two_days.value > two_days.usual)
    )
    -- What is held back, and what holds it back, lie within a day each.
    AND two_days.hour >= TIMESTAMP_SUB(two_days.judged_from, INTERVAL 48 HOUR)
),
-- The longer ranges are put together from those of two days, of the hour itself and of every second day before it.
earlier AS (
  SELECT
    outside.series AS series,
    outside.hour AS hour,
    outside.signal AS signal,
    two_days_before,
    CASE outside.signal
      WHEN 'level' THEN level_low
      WHEN 'hour_of_day' THEN hour_of_day_low
      WHEN 'step' THEN step_low
      ELSE drift_low
    END AS low,
    CASE outside.signal
      WHEN 'level' THEN level_high
      WHEN 'hour_of_day' THEN hour_of_day_high
      WHEN 'step' THEN step_high
      ELSE drift_high
    END AS high
  FROM outside
  CROSS JOIN UNNEST(GENERATE_ARRAY(0, 7)) AS two_days_before
  INNER JOIN two_days
    ON two_days.series = outside.series
    AND two_days.hour = TIMESTAMP_SUB(outside.hour, INTERVAL two_days_before * 48 HOUR)
),
ranges AS (
  SELECT
    series,
    hour,
    signal,
    MIN(IF(two_days_before < 1, low, NULL)) AS low_2,
    MAX(IF(two_days_before < 1, high, NULL)) AS high_2,
    MIN(IF(two_days_before < 2, low, NULL)) AS low_4,
    MAX(IF(two_days_before < 2, high, NULL)) AS high_4,
    MIN(IF(two_days_before < 4, low, NULL)) AS low_8,
    MAX(IF(two_days_before < 4, high, NULL)) AS high_8,
    MIN(low) AS low_16,
    MAX(high) AS high_16
  FROM earlier
  GROUP BY series, hour, signal
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
  INNER JOIN ranges ON ranges.series = outside.series AND ranges.hour = outside.hour AND ranges.signal = outside.signal
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
