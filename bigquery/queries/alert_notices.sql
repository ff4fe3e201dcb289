-- Per subject, what a workspace was told of last: the greatest amount that a raised alert spoke of.
-- Parameters: @workspaceId STRING; @from TIMESTAMP, since when alerts count (UTC, inclusive).
-- Who runs it: src/alerts/notices.ts, when Redis has no complete copy.
-- Cost bound: the table is partitioned by day and clustered by workspace and holds a few rows per alert: far below
-- 10 MB.
SELECT
  subject,
  amount_usd AS amountUsd,
  severity,
  raised_at AS raisedAt
FROM alert_events
WHERE workspace_id = @workspaceId
  AND event_at >= @from
  AND event = 'raised'
  AND subject IS NOT NULL
  AND amount_usd IS NOT NULL
QUALIFY ROW_NUMBER() OVER (PARTITION BY subject ORDER BY amount_usd DESC, raised_at) = 1
