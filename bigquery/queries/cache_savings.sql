-- The tokens that workspaces used, per provider, model and agent: how many came from a cache, and how many of those that did
-- not were, as far as sizes tell, sent before: calls of an agent and model with as many input tokens as an earlier one within
-- the clock hour. Sizes also coincide by chance: chanceRepeats says how many would if sizes were spread evenly over the
-- hour's range of sizes, taken as at least a tenth of the largest.
-- Parameters: @workspaceIds ARRAY<STRING>; @from, @to TIMESTAMP (UTC, half open); @minimumInputTokens INT64: calls with fewer
-- are no repeats, since providers cache no shorter inputs.
-- Who runs it: src/analysis/insights/llm-usage.ts.
-- Cost bound: two scans of the workspaces' entries of models in the period. Money: costUsd, USD, exact decimal text.
-- repeatedTokens: input tokens of repeats that were neither read from nor written to a cache; firstTokens: those of the calls
-- that they repeat.
WITH calls AS (
  SELECT
    workspace_id,
    provider,
    COALESCE(model, '') AS model,
    COALESCE(agent_id, '') AS agent,
    SUM(cost_usd) AS cost_usd,
    SUM(events) AS events,
    SUM(unpriced_events) AS unpriced,
    SUM(COALESCE(requests, events)) AS requests,
    SUM(COALESCE(input_tokens, 0)) AS input_tokens,
    SUM(COALESCE(output_tokens, 0)) AS output_tokens,
    SUM(COALESCE(cache_read_tokens, 0)) AS cache_read_tokens,
    SUM(COALESCE(cache_write_tokens, 0)) AS cache_write_tokens,
    SUM(COALESCE(reasoning_tokens, 0)) AS reasoning_tokens
  FROM costs
  WHERE workspace_id IN UNNEST(@workspaceIds)
    AND event_time >= @from
    AND event_time < @to
    AND resource_type = 'llm_api'
  GROUP BY workspace_id, provider, model, agent
),
sizes AS (
  SELECT
    workspace_id,
    provider,
    COALESCE(model, '') AS model,
    COALESCE(agent_id, '') AS agent,
    TIMESTAMP_TRUNC(event_time, HOUR) AS hour,
    -- What is taken back has negative counts, and takes its call out again.
    ABS(input_tokens) AS size,
    SUM(events) AS calls,
    SUM(input_tokens - COALESCE(cache_read_tokens, 0) - COALESCE(cache_write_tokens, 0)) AS uncached
  FROM costs
  WHERE workspace_id IN UNNEST(@workspaceIds)
    AND event_time >= @from
    AND event_time < @to
    AND resource_type = 'llm_api'
    AND ABS(input_tokens) >= @minimumInputTokens
    AND ABS(COALESCE(requests, 1)) = 1
  GROUP BY workspace_id, provider, model, agent, hour, size
  HAVING SUM(events) > 0
),
hours AS (
  SELECT
    workspace_id,
    provider,
    model,
    agent,
    hour,
    SUM(calls) AS calls,
    SUM(calls - 1) AS repeats,
    SUM(DIV(uncached, calls) * (calls - 1)) AS repeated_tokens,
    SUM(IF(calls > 1, DIV(uncached, calls), 0)) AS first_tokens,
    CAST(GREATEST(MAX(size) - MIN(size) + 1, DIV(MAX(size), 10)) AS FLOAT64) AS spread
  FROM sizes
  GROUP BY workspace_id, provider, model, agent, hour
),
repeated AS (
  SELECT
    workspace_id,
    provider,
    model,
    agent,
    SUM(calls) AS calls,
    SUM(repeats) AS repeats,
    SUM(repeated_tokens) AS repeated_tokens,
    SUM(first_tokens) AS first_tokens,
    -- Calls less the sizes that so many draws from the spread are expected to have.
    SUM(calls - spread * (1 - POW(1 - 1 / spread, calls))) AS chance_repeats
  FROM hours
  GROUP BY workspace_id, provider, model, agent
)
SELECT
  calls.workspace_id AS workspaceId,
  calls.provider AS provider,
  calls.model AS model,
  calls.agent AS agent,
  CAST(calls.cost_usd AS STRING) AS costUsd,
  CAST(calls.events AS STRING) AS events,
  CAST(calls.unpriced AS STRING) AS unpriced,
  CAST(calls.requests AS STRING) AS requests,
  CAST(calls.input_tokens AS STRING) AS inputTokens,
  CAST(calls.output_tokens AS STRING) AS outputTokens,
  CAST(calls.cache_read_tokens AS STRING) AS cacheReadTokens,
  CAST(calls.cache_write_tokens AS STRING) AS cacheWriteTokens,
  CAST(calls.reasoning_tokens AS STRING) AS reasoningTokens,
  CAST(COALESCE(repeated.calls, 0) AS STRING) AS sizedCalls,
  CAST(COALESCE(repeated.repeats, 0) AS STRING) AS repeats,
  CAST(COALESCE(repeated.repeated_tokens, 0) AS STRING) AS repeatedTokens,
  CAST(COALESCE(repeated.first_tokens, 0) AS STRING) AS firstTokens,
  COALESCE(ROUND(repeated.chance_repeats, 3), 0) AS chanceRepeats
FROM calls
LEFT JOIN repeated ON repeated.workspace_id = calls.workspace_id
  AND repeated.provider = calls.provider
  AND repeated.model = calls.model
  AND repeated.agent = calls.agent
ORDER BY calls.workspace_id, calls.cost_usd DESC, calls.provider, calls.model, calls.agent
