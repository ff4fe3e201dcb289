-- What a scope of a workspace spent in a period, per provider and model, the dearest first.
-- Parameters: @workspaceId STRING; @from, @to TIMESTAMP (UTC, half open); @dimension STRING (workspace, project, agent,
-- model, provider, user, team, label); @value STRING, the dimension's value ('' of workspace); @label STRING, the label's
-- key ('' of other dimensions).
-- Who runs it: src/budgets/model-costs.ts, for the recommendations of an alert, which do not wait for it for long.
-- Cost bound: one scan of the workspace's entries in the period. Money: costUsd, USD, exact decimal text.
SELECT
  entries.provider AS provider,
  COALESCE(entries.model, '') AS model,
  CAST(SUM(entries.cost_usd) AS STRING) AS costUsd,
  CAST(SUM(COALESCE(entries.input_tokens, 0)) AS STRING) AS inputTokens,
  CAST(SUM(COALESCE(entries.output_tokens, 0)) AS STRING) AS outputTokens,
  CAST(SUM(COALESCE(entries.cache_read_tokens, 0)) AS STRING) AS cacheReadTokens,
  CAST(SUM(COALESCE(entries.cache_write_tokens, 0)) AS STRING) AS cacheWriteTokens,
  CAST(SUM(COALESCE(entries.reasoning_tokens, 0)) AS STRING) AS reasoningTokens
FROM costs AS entries
WHERE entries.workspace_id = @workspaceId
  AND entries.event_time >= @from
  AND entries.event_time < @to
  AND CASE @dimension
    WHEN 'workspace' THEN TRUE
    WHEN 'project' THEN entries.project_id = @value
    WHEN 'agent' THEN entries.agent_id = @value
    WHEN 'model' THEN entries.model = @value
    WHEN 'provider' THEN entries.provider = @value
    WHEN 'user' THEN entries.user_id = @value
    WHEN 'team' THEN entries.team_id = @value
    WHEN 'label' THEN JSON_VALUE(entries.labels[@label]) = @value
    ELSE FALSE
  END
GROUP BY provider, model
ORDER BY SUM(entries.cost_usd) DESC, provider, model
LIMIT 50
