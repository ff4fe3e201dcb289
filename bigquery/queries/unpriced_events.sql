-- The events of a workspace that have no price yet: appended as unpriced, and neither corrected nor taken
-- back since.
-- Parameters: @workspaceId STRING; @from, @to TIMESTAMP (UTC, half open); @afterEventId STRING, the last id of the
-- page before ('' for the first); @pageSize INT64.
-- Who runs it: src/costs/reprice.ts.
-- Cost bound: two scans of the workspace's entries in the period per page, one of them of a few short columns.
SELECT
  entries.event_id AS id,
  entries.event_time AS timestamp,
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
  entries.trace_id AS traceId,
  entries.span_id AS spanId,
  entries.request_id AS requestId,
  entries.labels AS labels,
  entries.input_tokens AS inputTokens,
  entries.output_tokens AS outputTokens,
  entries.cache_read_tokens AS cacheReadTokens,
  entries.cache_write_tokens AS cacheWriteTokens,
  entries.reasoning_tokens AS reasoningTokens,
  entries.requests AS requests
FROM costs AS entries
WHERE entries.workspace_id = @workspaceId
  AND entries.event_time >= @from
  AND entries.event_time < @to
  AND entries.cost_source = 'unpriced'
  AND entries.entry = 'event'
  AND entries.event_id > @afterEventId
  AND NOT EXISTS (
    SELECT 1
    FROM costs AS corrections
    WHERE corrections.workspace_id = @workspaceId
      AND corrections.event_time >= @from
      AND corrections.event_time < @to
      AND corrections.entry = 'correction'
      -- What comes after the event's id says what was corrected: its price, or that it counts at all.
      AND SPLIT(corrections.event_id, '~')[OFFSET(0)] = entries.event_id
  )
ORDER BY id
LIMIT @pageSize
