-- Errors by template, of the platform (workspaceId '') and of each workspace by itself: how many, since when, where, and
-- whether they are new, rising or steady, by the part of the period from @since on against the part before it. Templates
-- that did not come since then are left out.
-- Parameters: @from, @to TIMESTAMP (UTC, half open): the period; @since TIMESTAMP: where what counts as now begins in it;
-- @minimumSeverity INT64: entries of this severity_number or worse, 500 for ERROR; @workspaceId STRING: NULL for all, '' for
-- the platform, else one workspace, whose patterns are then made of its own entries and of nothing else.
-- Who runs it: src/analysis/log-patterns/error-patterns.ts, on a schedule and on demand.
-- Cost bound: one scan of the log entries since @from, of eleven columns; on demand of at most 20 GiB.
-- Units: count, countBefore: entries since @since and before it; expected: countBefore in proportion to the lengths of the
-- parts; workspaceCount: distinct ones. services, versions, workspaces: at most 20 of each, in alphabetical order.
WITH entries AS (
  SELECT
    timestamp,
    insert_id,
    severity,
    severity_number,
    trace,
    COALESCE(JSON_VALUE(labels, '$.service'), JSON_VALUE(resource.labels, '$.service_name'), log_id) AS service,
    COALESCE(JSON_VALUE(labels, '$.version'), JSON_VALUE(resource.labels, '$.revision_name')) AS version,
    -- Without a name it is the platform itself, for which it counts once.
    NULLIF(JSON_VALUE(json_payload, '$.workspaceId'), '') AS workspace_id,
    COALESCE(
      text_payload,
      JSON_VALUE(json_payload, '$.message'),
      IF(json_payload IS NULL, NULL, TO_JSON_STRING(json_payload)),
      CONCAT(http_request.request_method, ' ', http_request.request_url, ' failed')
    ) AS told,
    -- What went wrong, where the message says only what failed by it.
    REGEXP_EXTRACT(
      COALESCE(JSON_VALUE(json_payload, '$.stack_trace'), JSON_VALUE(json_payload, '$.fields.errorType')), r'^[^\n]+'
    ) AS error
  FROM logs
  WHERE timestamp >= @from
    AND timestamp < @to
    AND severity_number >= @minimumSeverity
    -- Of an entry in pieces the first one speaks.
    AND COALESCE(split.index, 0) = 0
    AND (COALESCE(@workspaceId, '') = '' OR JSON_VALUE(json_payload, '$.workspaceId') = @workspaceId)
  -- Entries may have been written twice.
  QUALIFY ROW_NUMBER() OVER (PARTITION BY log_name, timestamp, insert_id ORDER BY receive_timestamp) = 1
),
messages AS (
  SELECT
    * EXCEPT (told, error),
    IF(STRPOS(told, error) > 0 OR error IS NULL, told, CONCAT(REGEXP_EXTRACT(told, r'^[^\n]*'), ': ', error)) AS message
  FROM entries
  WHERE told IS NOT NULL
),
-- include: fragments/log_templates.sql
, scoped AS (
  SELECT templated.*, scope
  FROM templated
  CROSS JOIN UNNEST(IF(workspace_id IS NULL, [''], ['', workspace_id])) AS scope
  WHERE @workspaceId IS NULL OR scope = @workspaceId
),
patterns AS (
  SELECT
    scope,
    template_id,
    template,
    COUNTIF(timestamp >= @since) AS count_now,
    COUNTIF(timestamp < @since) AS count_before,
    COUNTIF(timestamp < @since) * TIMESTAMP_DIFF(@to, @since, SECOND)
      / GREATEST(TIMESTAMP_DIFF(@since, @from, SECOND), 1) AS expected,
    MIN(timestamp) AS first_seen,
    MAX(timestamp) AS last_seen,
    ARRAY_AGG(DISTINCT service IGNORE NULLS ORDER BY service LIMIT 20) AS services,
    ARRAY_AGG(DISTINCT version IGNORE NULLS ORDER BY version LIMIT 20) AS versions,
    ARRAY_AGG(DISTINCT workspace_id IGNORE NULLS ORDER BY workspace_id LIMIT 20) AS workspaces,
    COUNT(DISTINCT workspace_id) AS workspace_count,
    -- The latest of the worst speaks for all.
    ARRAY_AGG(
      STRUCT(message, trace, severity) ORDER BY severity_number DESC, timestamp DESC, insert_id LIMIT 1
    )[OFFSET(0)] AS worst
  FROM scoped
  GROUP BY scope, template_id, template
)
SELECT
  scope AS workspaceId,
  template_id AS id,
  template,
  worst.severity AS severity,
  count_now AS count,
  count_before AS countBefore,
  expected,
  -- Rising: at least twice as many, and by three standard deviations of a Poisson process.
  CASE
    WHEN count_before = 0 THEN 'new'
    WHEN count_now >= 2 * expected AND count_now - expected >= 3 * SQRT(GREATEST(expected, 1)) THEN 'rising'
    ELSE 'steady'
  END AS trend,
  first_seen AS firstSeen,
  last_seen AS lastSeen,
  IFNULL(services, ARRAY<STRING>[]) AS services,
  IFNULL(versions, ARRAY<STRING>[]) AS versions,
  IFNULL(workspaces, ARRAY<STRING>[]) AS workspaces,
  workspace_count AS workspaceCount,
  LEFT(worst.message, 2000) AS sample,
  worst.trace AS sampleTrace
FROM patterns
WHERE count_now > 0
ORDER BY workspaceId, count DESC, id
