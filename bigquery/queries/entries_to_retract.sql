-- The rows of events that are to be taken back, and of their corrections: everything that has to be negated.
-- Parameters: @workspaceIds, @eventIds ARRAY<STRING>; @from, @to TIMESTAMP, around the event times (UTC, inclusive).
-- Who runs it: src/costs/resolve-retractions.ts, when a model call turns out to contain another one, and
-- src/costs/late-repricings.ts, when an event may have been priced and taken back at once.
-- Cost bound: most columns of those workspaces' entries between @from and @to: of three days, or of as many as one
-- workspace's repricings of one commit lie in.
-- Money: costUsd, USD, exact decimal text.
SELECT
  entries.workspace_id AS workspaceId,
  entries.event_id AS eventId,
  entries.event_time AS eventTime,
  entries.content_hash AS contentHash,
  entries.events AS events,
  entries.unpriced_events AS unpricedEvents,
  CAST(entries.cost_usd AS STRING) AS costUsd,
  entries.cost_source AS costSource,
  entries.price_version AS priceVersion,
  entries.unpriced_reason AS unpricedReason,
  entries.resource_type AS resourceType,
  entries.resource_id AS resourceId,
  entries.provider AS provider,
  entries.model AS model,
  entries.operation AS operation,
  entries.project_id AS projectId,
  entries.card_id AS cardId,
  entries.agent_id AS agentId,
  entries.user_id AS userId,
  entries.team_id AS teamId,
  entries.input_tokens AS inputTokens,
  entries.output_tokens AS outputTokens,
  entries.cache_read_tokens AS cacheReadTokens,
  entries.cache_write_tokens AS cacheWriteTokens,
  entries.reasoning_tokens AS reasoningTokens,
  entries.requests AS requests,
  CAST(entries.usage_seconds AS STRING) AS seconds,
  CAST(entries.usage_bytes AS STRING) AS bytes,
  entries.outcome_status AS outcomeStatus,
  entries.error_type AS errorType,
  entries.cache_hit AS cacheHit,
  entries.trace_id AS traceId,
  entries.span_id AS spanId,
  entries.request_id AS requestId,
  entries.labels AS labels
FROM costs AS entries
WHERE entries.workspace_id IN UNNEST(@workspaceIds)
  AND entries.event_id IN UNNEST(@eventIds)
  AND entries.event_time BETWEEN @from AND @to
