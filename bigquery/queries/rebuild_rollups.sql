-- The sums of one workspace per bucket, dimension and value, as the rollups in Redis hold them.
-- Parameters: @workspaceId STRING; @from TIMESTAMP, the oldest event time (UTC); @bucketNameLength INT64: 13 for
-- hours (2026-11-20T12), 10 for days, 7 for months.
-- Who runs it: src/costs/rollups/rebuild.ts, once per grain when Redis has lost a workspace.
-- Cost bound: one scan of the workspace's entries since @from. Money: costUsd, USD, exact decimal text.
SELECT
  SUBSTR(FORMAT_TIMESTAMP('%Y-%m-%dT%H', entries.event_time), 1, @bucketNameLength) AS bucket,
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
  STRUCT('team' AS dimension, COALESCE(entries.team_id, '') AS value)
]) AS cell
WHERE entries.workspace_id = @workspaceId
  AND entries.event_time >= @from
GROUP BY bucket, dimension, value
