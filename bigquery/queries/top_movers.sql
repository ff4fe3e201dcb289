-- What explains how the costs of workspaces changed from one period to the next: per dimension the values whose costs
-- changed most, the largest change first, beside the whole (dimension total). The changes of all values of a dimension add
-- up to the whole's.
-- Parameters: @workspaceIds ARRAY<STRING>; @before, @from, @to TIMESTAMP (UTC): what cost from @before to @from is compared
-- with what cost from @from to @to, both half open; @valuesPerDimension INT64.
-- Who runs it: src/analysis/insights/movers.ts.
-- Cost bound: one scan of the workspaces' entries in both periods. Money: costUsd, beforeUsd, changeUsd: USD, exact decimal
-- text. requests: calls, or events where they do not say how many calls they stand for. valueCount: values of the dimension.
WITH sums AS (
  SELECT
    entries.workspace_id AS workspace_id,
    cell.dimension AS dimension,
    cell.value AS value,
    SUM(IF(entries.event_time >= @from, entries.cost_usd, NUMERIC '0')) AS cost_usd,
    SUM(IF(entries.event_time < @from, entries.cost_usd, NUMERIC '0')) AS before_usd,
    SUM(IF(entries.event_time >= @from, COALESCE(entries.requests, entries.events), 0)) AS requests,
    SUM(IF(entries.event_time < @from, COALESCE(entries.requests, entries.events), 0)) AS requests_before,
    SUM(IF(entries.event_time >= @from, entries.unpriced_events, 0)) AS unpriced,
    SUM(IF(entries.event_time < @from, entries.unpriced_events, 0)) AS unpriced_before
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
  WHERE entries.workspace_id IN UNNEST(@workspaceIds)
    AND entries.event_time >= @before
    AND entries.event_time < @to
  GROUP BY workspace_id, dimension, value
),
ranked AS (
  SELECT
    sums.*,
    COUNT(*) OVER (PARTITION BY workspace_id, dimension) AS value_count,
    ROW_NUMBER() OVER (
      PARTITION BY workspace_id, dimension
      ORDER BY ABS(cost_usd - before_usd) DESC, cost_usd DESC, value
    ) AS place
  FROM sums
)
SELECT
  workspace_id AS workspaceId,
  dimension,
  value,
  CAST(cost_usd AS STRING) AS costUsd,
  CAST(before_usd AS STRING) AS beforeUsd,
  CAST(cost_usd - before_usd AS STRING) AS changeUsd,
  CAST(requests AS STRING) AS requests,
  CAST(requests_before AS STRING) AS requestsBefore,
  CAST(unpriced AS STRING) AS unpriced,
  CAST(unpriced_before AS STRING) AS unpricedBefore,
  CAST(value_count AS STRING) AS valueCount
FROM ranked
WHERE place <= @valuesPerDimension
ORDER BY workspace_id, dimension, place
