-- Purpose: everything that Redis holds of one workspace, in one statement and so of one moment: the sums per bucket,
-- dimension and value; the sums per period of each meter (grain 'meter', bucket: the position of the period); the entries
-- whose ids must still be recognised (grain 'entry'); and the time of the newest event (grain 'newest'). Read at two
-- moments, an entry appended in between would be recognised but not summed, or summed but not recognised.
-- Parameters: @workspaceId STRING; @hoursFrom, @daysFrom, @monthsFrom TIMESTAMP, the oldest event times (UTC) that
-- hours, days and months are wanted of, @monthsFrom the oldest of them; @ingestedFrom TIMESTAMP, since when ids are
-- remembered (UTC); and of one length, one position per period of a meter: @meterFrom, @meterTo ARRAY<TIMESTAMP>, the
-- period, half open (UTC); @meterDimension ARRAY<STRING> (workspace, project, agent, model, provider, user, team, label);
-- @meterValue ARRAY<STRING>, the dimension's value ('' of workspace); @meterLabel ARRAY<STRING>, the label's key ('' of
-- other dimensions).
-- Who runs it: src/costs/rollups/ledger-read.ts, when Redis has lost a workspace or is to keep another meter of it.
-- Cost bound: one scan of the workspace's entries since @monthsFrom (400 days and a month).
-- Money: costUsd, USD, exact decimal text.
WITH entries AS (
  SELECT *
  FROM costs
  WHERE workspace_id = @workspaceId
    AND event_time >= @monthsFrom
  -- Of rivals under one id at different times, one of which is not named a conflict yet, the first counts; but only
  -- within the time in which ids are recognised: beyond it both were counted, and the view costs holds both.
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY event_id, IF(ingest_time >= @ingestedFrom, TIMESTAMP '1970-01-01', event_time)
    ORDER BY ingest_time, content_hash
  ) = 1
)
SELECT
  span.grain AS grain,
  span.bucket AS bucket,
  cell.dimension AS dimension,
  cell.value AS value,
  CAST(SUM(entries.cost_usd) AS STRING) AS costUsd,
  CAST(SUM(entries.events) AS STRING) AS events,
  CAST(SUM(entries.unpriced_events) AS STRING) AS unpriced,
  CAST(SUM(COALESCE(entries.input_tokens, 0)) AS STRING) AS inputTokens,
  CAST(SUM(COALESCE(entries.output_tokens, 0)) AS STRING) AS outputTokens,
  CAST(SUM(COALESCE(entries.cache_read_tokens, 0)) AS STRING) AS cacheReadTokens,
  CAST(SUM(COALESCE(entries.cache_write_tokens, 0)) AS STRING) AS cacheWriteTokens,
  CAST(SUM(COALESCE(entries.reasoning_tokens, 0)) AS STRING) AS reasoningTokens,
  CAST(NULL AS STRING) AS eventId,
  CAST(NULL AS STRING) AS contentHash,
  CAST(NULL AS TIMESTAMP) AS ingestTime
FROM entries
CROSS JOIN UNNEST([
  STRUCT('hour' AS grain, FORMAT_TIMESTAMP('%Y-%m-%dT%H', entries.event_time) AS bucket, @hoursFrom AS since),
  STRUCT('day' AS grain, FORMAT_TIMESTAMP('%Y-%m-%d', entries.event_time) AS bucket, @daysFrom AS since),
  STRUCT('month' AS grain, FORMAT_TIMESTAMP('%Y-%m', entries.event_time) AS bucket, @monthsFrom AS since)
]) AS span
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
WHERE entries.event_time >= span.since
GROUP BY grain, bucket, dimension, value
UNION ALL
SELECT
  'entry' AS grain,
  CAST(NULL AS STRING) AS bucket,
  CAST(NULL AS STRING) AS dimension,
  CAST(NULL AS STRING) AS value,
  CAST(NULL AS STRING) AS costUsd,
  CAST(NULL AS STRING) AS events,
  CAST(NULL AS STRING) AS unpriced,
  CAST(NULL AS STRING) AS inputTokens,
  CAST(NULL AS STRING) AS outputTokens,
  CAST(NULL AS STRING) AS cacheReadTokens,
  CAST(NULL AS STRING) AS cacheWriteTokens,
  CAST(NULL AS STRING) AS reasoningTokens,
  entries.event_id AS eventId,
  entries.content_hash AS contentHash,
  entries.ingest_time AS ingestTime
FROM entries
WHERE entries.ingest_time >= @ingestedFrom
UNION ALL
SELECT
  'meter' AS grain,
  CAST(position AS STRING) AS bucket,
  CAST(NULL AS STRING) AS dimension,
  CAST(NULL AS STRING) AS value,
  CAST(SUM(entries.cost_usd) AS STRING) AS costUsd,
  CAST(NULL AS STRING) AS events,
  CAST(NULL AS STRING) AS unpriced,
  CAST(NULL AS STRING) AS inputTokens,
  CAST(NULL AS STRING) AS outputTokens,
  CAST(NULL AS STRING) AS cacheReadTokens,
  CAST(NULL AS STRING) AS cacheWriteTokens,
  CAST(NULL AS STRING) AS reasoningTokens,
  CAST(NULL AS STRING) AS eventId,
  CAST(NULL AS STRING) AS contentHash,
  CAST(NULL AS TIMESTAMP) AS ingestTime
FROM entries
CROSS JOIN UNNEST(@meterDimension) AS dimension WITH OFFSET AS position
WHERE entries.event_time >= @meterFrom[OFFSET(position)]
  AND entries.event_time < @meterTo[OFFSET(position)]
  AND CASE dimension
    WHEN 'workspace' THEN TRUE
    WHEN 'project' THEN entries.project_id = @meterValue[OFFSET(position)]
    WHEN 'agent' THEN entries.agent_id = @meterValue[OFFSET(position)]
    WHEN 'model' THEN entries.model = @meterValue[OFFSET(position)]
    WHEN 'provider' THEN entries.provider = @meterValue[OFFSET(position)]
    WHEN 'user' THEN entries.user_id = @meterValue[OFFSET(position)]
    WHEN 'team' THEN entries.team_id = @meterValue[OFFSET(position)]
    WHEN 'label' THEN JSON_VALUE(entries.labels[@meterLabel[OFFSET(position)]]) = @meterValue[OFFSET(position)]
    ELSE FALSE
  END
GROUP BY position
UNION ALL
SELECT
  'newest' AS grain,
  FORMAT_TIMESTAMP('%Y-%m-%dT%H:%M:%E3SZ', MAX(entries.event_time)) AS bucket,
  CAST(NULL AS STRING) AS dimension,
  CAST(NULL AS STRING) AS value,
  CAST(NULL AS STRING) AS costUsd,
  CAST(NULL AS STRING) AS events,
  CAST(NULL AS STRING) AS unpriced,
  CAST(NULL AS STRING) AS inputTokens,
  CAST(NULL AS STRING) AS outputTokens,
  CAST(NULL AS STRING) AS cacheReadTokens,
  CAST(NULL AS STRING) AS cacheWriteTokens,
  CAST(NULL AS STRING) AS reasoningTokens,
  CAST(NULL AS STRING) AS eventId,
  CAST(NULL AS STRING) AS contentHash,
  CAST(NULL AS TIMESTAMP) AS ingestTime
FROM entries
