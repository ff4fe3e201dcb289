-- The alerts of a workspace, newest first, each as it was raised first.
-- Parameters: @workspaceId STRING; @from, @to TIMESTAMP, when they were raised (UTC, half open); @type, @severity STRING
-- ('' for all); @pageSize INT64.
-- Who runs it: src/alerts/history.ts.
-- Cost bound: one workspace's raised alerts in the days from @from to @to, clustered by workspace: far below 100 MB.
SELECT
  alert_id AS alertId,
  alert
FROM alert_events
WHERE workspace_id = @workspaceId
  AND event_at >= @from
  AND event_at < @to
  AND event = 'raised'
  AND alert IS NOT NULL
  AND (@type = '' OR type = @type)
  AND (@severity = '' OR severity = @severity)
QUALIFY ROW_NUMBER() OVER (PARTITION BY alert_id ORDER BY event_at) = 1
ORDER BY event_at DESC, alert_id
LIMIT @pageSize
