-- What one trace cost: every entry of the ledger that names it, corrections among them.
-- Parameters: @traceId STRING, 32 hexadecimal digits; @from, @to TIMESTAMP (UTC, half open), a day around the trace.
-- Who runs it: the local console, for whoever runs the local cloud and sees all workspaces of it.
-- Cost bound: the entries of three days at most.
-- Amounts are USD.
SELECT
  event_id AS eventId,
  entry,
  workspace_id AS workspaceId,
  event_time AS eventTime,
  span_id AS spanId,
  resource_type AS resourceType,
  provider,
  model,
  operation,
  agent_id AS agentId,
  input_tokens AS inputTokens,
  output_tokens AS outputTokens,
  cache_read_tokens AS cacheReadTokens,
  JSON_VALUE(labels, '$.usage') AS `usage`,
  cost_source AS costSource,
  price_version AS priceVersion,
  cost_usd AS costUsd
FROM costs
WHERE trace_id = @traceId
  AND event_time >= @from
  AND event_time < @to
ORDER BY event_time, event_id
