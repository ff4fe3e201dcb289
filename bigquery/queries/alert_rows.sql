-- Everything that happened to a workspace's alerts, in the order it happened.
-- Parameters: @workspaceId STRING; @from TIMESTAMP, since when (UTC, inclusive); @alertIds ARRAY<STRING>, empty for all.
-- Who runs it: src/alerts/alert-log.ts: for the history of given alerts, and to rebuild the deliveries of the last days
-- when Redis lost them or the schedule looks after what is left.
-- Cost bound: one workspace's rows since @from, clustered by workspace and alert: far below 100 MB.
SELECT
  event_at AS happenedAt,
  event,
  alert_id AS alertId,
  raised_at AS raisedAt,
  channel_scope AS channelScope,
  channel_id AS channelId,
  channel_kind AS channelKind,
  attempt,
  ambiguous,
  next_attempt_at AS nextAttemptAt,
  detail,
  alert
FROM alert_events
WHERE workspace_id = @workspaceId
  AND event_at >= @from
  AND (ARRAY_LENGTH(@alertIds) = 0 OR alert_id IN UNNEST(@alertIds))
ORDER BY happenedAt, alertId, channelScope, channelId, attempt, event
