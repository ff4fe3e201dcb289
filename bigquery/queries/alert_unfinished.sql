-- The workspaces with an alert that still has to be delivered: a delivery without an end, or an alert that was raised
-- and that no delivery ever heard of, because its message was lost.
-- Parameters: @from TIMESTAMP, since when alerts count (UTC, inclusive); @raisedBefore TIMESTAMP, until when an alert
-- must have been raised for its message to be overdue (UTC).
-- Who runs it: src/alerts/alert-log.ts, for the scheduled run of functions/deliver-alerts.ts.
-- Cost bound: five short columns of the rows of the last days: far below 1 GB.
WITH deliveries AS (
  SELECT
    workspace_id,
    alert_id,
    channel_scope,
    channel_id,
    COUNTIF(event != 'raised') AS steps,
    COUNTIF(event IN ('sent', 'parked', 'skipped')) AS ends,
    MIN(event_at) AS began_at
  FROM alert_events
  WHERE event_at >= @from
  GROUP BY workspace_id, alert_id, channel_scope, channel_id
),
alerts AS (
  SELECT
    workspace_id,
    alert_id,
    SUM(steps) AS steps,
    COUNTIF(steps > 0 AND ends = 0) AS unfinished,
    MIN(began_at) AS began_at
  FROM deliveries
  GROUP BY workspace_id, alert_id
)
SELECT DISTINCT workspace_id AS workspaceId
FROM alerts
WHERE unfinished > 0 OR (steps = 0 AND began_at < @raisedBefore)
ORDER BY workspaceId
