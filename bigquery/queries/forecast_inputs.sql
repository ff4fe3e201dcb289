-- What was spent per UTC day or hour, of one workspace or of all together: what a forecast is made of. Buckets without
-- entries are left out.
-- Parameters: @isPlatform BOOL (TRUE: all workspaces together, FALSE: @workspaceId alone); @workspaceId STRING ('' with
-- @isPlatform); @grain STRING (day or hour); @from, @to TIMESTAMP (UTC, half open).
-- Who runs it: src/costs/reports/forecast-history.ts, for a workspace whose rollups do not answer and for the platform.
-- Cost bound: one scan of the entries in the period, the workspace's or everybody's; 90 days at most.
-- Money: costUsd, USD, exact decimal text. start: the bucket's first instant, RFC 3339.
WITH cells AS (
  SELECT
    IF(
      @grain = 'day',
      TIMESTAMP_TRUNC(entries.event_time, DAY),
      TIMESTAMP_TRUNC(entries.event_time, HOUR)
    ) AS bucket,
    entries.cost_usd AS cost_usd
  FROM costs AS entries
  WHERE (@isPlatform OR entries.workspace_id = @workspaceId)
    AND entries.event_time >= @from
    AND entries.event_time < @to
)
SELECT
  FORMAT_TIMESTAMP('%Y-%m-%dT%H:%M:%SZ', cells.bucket) AS start,
  CAST(SUM(cells.cost_usd) AS STRING) AS costUsd
FROM cells
GROUP BY cells.bucket
ORDER BY cells.bucket
