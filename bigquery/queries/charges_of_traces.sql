-- What the ledger knows of traces whose spans are no longer remembered: every entry that a model call of theirs made.
-- Parameters: @workspaceIds, @traceIds ARRAY<STRING>; @from, @to TIMESTAMP, around the event times (UTC, inclusive).
-- Who runs it: src/otlp/lost-traces.ts, for spans that began before the API's memory of traces does.
-- Cost bound: nine columns of those workspaces' entries between @from and @to.
SELECT
  entries.trace_id AS traceId,
  entries.span_id AS spanId,
  entries.workspace_id AS workspaceId,
  entries.event_id AS eventId,
  entries.entry AS entry,
  entries.event_time AS eventTime,
  entries.latency_ms AS latencyMs,
  COALESCE(entries.input_tokens, entries.output_tokens) IS NOT NULL AS hasUsage,
  entries.labels AS labels
FROM costs AS entries
WHERE entries.workspace_id IN UNNEST(@workspaceIds)
  AND entries.trace_id IN UNNEST(@traceIds)
  AND entries.event_time BETWEEN @from AND @to
