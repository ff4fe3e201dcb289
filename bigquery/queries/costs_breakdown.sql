-- What a workspace spent in a period: the total, and the sums per value of each dimension.
-- Parameters: @workspaceId STRING; @from, @to TIMESTAMP (UTC, half open).
-- Who runs it: src/costs/reports/from-ledger.ts, for periods that the rollups do not hold.
-- Cost bound: one scan of the workspace's entries in the period. Money: costUsd, USD, exact decimal text.
SELECT
  cell.dimension AS dimension,
  cell.value AS value,
  CAST(SUM(entries.cost_usd) AS STRING) AS costUsd,
  CAST(SUM(entries.events) AS STRING) AS events,
  CAST(SUM(entries.unpriced_events) AS STRING) AS unpriced,
  CAST(SUM(COALESCE(entries.input_tokens, 0)) AS STRING) AS inputTokens,
  CAST(SUM(COALESCE(entries.output_tokens, 0)) AS STRING) AS outputTokens,
  CAST(SUM(COALESCE(entries.cache_read_tokens, 0)) AS STRING) AS cacheReadTokens,
  CAST(SUM(COALESCE(entries.cache_write_tokens, 0)) AS STRING) AS cacheWriteTokens,
  CAST(SUM(COALESCE(entries.reasoning_tokens, 0)) AS STRING) AS reasoningTokens
FROM costs AS entries
CROSS JOIN UNNEST([
  STRUCT('total' AS dimension, '' AS value),
  STRUCT('resource' AS dimension, entries.resource_type AS value),
  STRUCT('provider' AS dimension, entries.provider AS value),
  STRUCT('model' AS dimension, COALESCE(entries.model, '') AS value),
  STRUCT('project' AS dimension, COALESCE(entries.project_id, '') AS value),
  STRUCT('agent' AS dimension, COALESCE(entries.agent_id, '') AS value),
  STRUCT('user' AS dimension, COALESCE(entries.user_id, '') AS value),
  STRUCT('team' AS dimension, COALESCE(entries.team_id, '') AS value),
  STRUCT('day' AS dimension, FORMAT_TIMESTAMP('%Y-%m-%d', entries.event_time) AS value)
]) AS cell
WHERE entries.workspace_id = @workspaceId
  AND entries.event_time >= @from
  AND entries.event_time < @to
GROUP BY dimension, value
