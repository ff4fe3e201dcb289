-- What a run of each agent of workspaces cost, week by week, counted back from @to in weeks of seven days: the sums and the
-- number of runs. A run is an agent's part of a trace, and belongs to the week of its first event since @from.
-- Parameters: @workspaceIds ARRAY<STRING>; @from, @to TIMESTAMP (UTC, half open), whole weeks apart.
-- Who runs it: src/analysis/insights/drift.ts.
-- Cost bound: one scan of the workspaces' entries in the period. Money: costUsd, USD, exact decimal text. weeksAgo: 0 for the
-- last seven days. requests: calls of models. unpriced: events among them that have no price and count nothing.
WITH runs AS (
  SELECT
    workspace_id,
    agent_id,
    trace_id,
    MIN(event_time) AS started,
    SUM(cost_usd) AS cost_usd,
    SUM(unpriced_events) AS unpriced,
    SUM(IF(resource_type = 'llm_api', COALESCE(requests, events), 0)) AS requests,
    SUM(COALESCE(input_tokens, 0)) AS input_tokens,
    SUM(COALESCE(output_tokens, 0)) AS output_tokens
  FROM costs
  WHERE workspace_id IN UNNEST(@workspaceIds)
    AND event_time >= @from
    AND event_time < @to
    AND agent_id IS NOT NULL
    AND trace_id IS NOT NULL
  GROUP BY workspace_id, agent_id, trace_id
  HAVING SUM(events) > 0
),
dated AS (
  SELECT
    runs.*,
    DIV(TIMESTAMP_DIFF(@to, started, MICROSECOND) - 1, 7 * 24 * 60 * 60 * 1000000) AS weeks_ago
  FROM runs
)
SELECT
  workspace_id AS workspaceId,
  agent_id AS agent,
  weeks_ago AS weeksAgo,
  CAST(COUNT(*) AS STRING) AS runs,
  CAST(SUM(cost_usd) AS STRING) AS costUsd,
  CAST(SUM(unpriced) AS STRING) AS unpriced,
  CAST(SUM(requests) AS STRING) AS requests,
  CAST(SUM(input_tokens) AS STRING) AS inputTokens,
  CAST(SUM(output_tokens) AS STRING) AS outputTokens
FROM dated
GROUP BY workspace_id, agent_id, weeks_ago
ORDER BY workspace_id, agent_id, weeks_ago
