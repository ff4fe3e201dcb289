-- What a workspace spent in a period, cut by any combination of dimensions (none: the total).
-- Parameters: @workspaceId STRING; @from, @to TIMESTAMP (UTC, half open); @dimensions ARRAY<STRING>: resource,
-- provider, model, project, agent, user, team, day, hour.
-- Who runs it: src/costs/reports/from-ledger.ts, for periods and cuts that the rollups do not hold.
-- Cost bound: one scan of the workspace's entries in the period. Money: costUsd, USD, exact decimal text.
SELECT
  IF('resource' IN UNNEST(@dimensions), entries.resource_type, '') AS resource,
  IF('provider' IN UNNEST(@dimensions), entries.provider, '') AS provider,
  IF('model' IN UNNEST(@dimensions), COALESCE(entries.model, ''), '') AS model,
  IF('project' IN UNNEST(@dimensions), COALESCE(entries.project_id, ''), '') AS project,
  IF('agent' IN UNNEST(@dimensions), COALESCE(entries.agent_id, ''), '') AS agent,
  IF('user' IN UNNEST(@dimensions), COALESCE(entries.user_id, ''), '') AS user,
  IF('team' IN UNNEST(@dimensions), COALESCE(entries.team_id, ''), '') AS team,
  IF('day' IN UNNEST(@dimensions), FORMAT_TIMESTAMP('%Y-%m-%d', entries.event_time), '') AS day,
  IF('hour' IN UNNEST(@dimensions), FORMAT_TIMESTAMP('%Y-%m-%dT%H:00:00Z', entries.event_time), '') AS hour,
  CAST(SUM(entries.cost_usd) AS STRING) AS costUsd,
  CAST(SUM(entries.events) AS STRING) AS events,
  CAST(SUM(entries.unpriced_events) AS STRING) AS unpriced,
  CAST(SUM(COALESCE(entries.input_tokens, 0)) AS STRING) AS inputTokens,
  CAST(SUM(COALESCE(entries.output_tokens, 0)) AS STRING) AS outputTokens,
  CAST(SUM(COALESCE(entries.cache_read_tokens, 0)) AS STRING) AS cacheReadTokens,
  CAST(SUM(COALESCE(entries.cache_write_tokens, 0)) AS STRING) AS cacheWriteTokens,
  CAST(SUM(COALESCE(entries.reasoning_tokens, 0)) AS STRING) AS reasoningTokens
FROM costs AS entries
WHERE entries.workspace_id = @workspaceId
  AND entries.event_time >= @from
  AND entries.event_time < @to
GROUP BY resource, provider, model, project, agent, user, team, day, hour
