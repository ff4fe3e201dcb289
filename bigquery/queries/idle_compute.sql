-- Compute that cost something in hours in which nothing was done with it: it counted no requests itself, and there was
-- neither a model call nor a request of the agent that it names, else of its project, else of the workspace.
-- Parameters: @workspaceIds ARRAY<STRING>; @from, @to TIMESTAMP (UTC hours, half open).
-- Who runs it: src/analysis/insights/idle.ts.
-- Cost bound: two scans of the workspaces' entries in the period. Money: costUsd, idleCostUsd: USD, exact decimal text. hours:
-- those with costs. firstHour, lastHour: the first and last of them.
WITH compute AS (
  SELECT
    workspace_id,
    provider,
    resource_id,
    COALESCE(project_id, '') AS project,
    COALESCE(agent_id, '') AS agent,
    TIMESTAMP_TRUNC(event_time, HOUR) AS hour,
    SUM(cost_usd) AS cost_usd,
    SUM(COALESCE(requests, 0)) AS requests
  FROM costs
  WHERE workspace_id IN UNNEST(@workspaceIds)
    AND event_time >= @from
    AND event_time < @to
    AND resource_type = 'compute'
  GROUP BY workspace_id, provider, resource_id, project, agent, hour
),
work AS (
  SELECT
    entries.workspace_id AS workspace_id,
    scope.project AS project,
    scope.agent AS agent,
    TIMESTAMP_TRUNC(entries.event_time, HOUR) AS hour
  FROM costs AS entries
  CROSS JOIN UNNEST([
    STRUCT('' AS project, '' AS agent),
    STRUCT(COALESCE(entries.project_id, '') AS project, '' AS agent),
    STRUCT('' AS project, COALESCE(entries.agent_id, '') AS agent)
  ]) AS scope
  WHERE entries.workspace_id IN UNNEST(@workspaceIds)
    AND entries.event_time >= @from
    AND entries.event_time < @to
    AND (entries.resource_type = 'llm_api' OR COALESCE(entries.requests, 0) != 0)
  GROUP BY workspace_id, project, agent, hour
  HAVING SUM(entries.events) > 0
),
hours AS (
  SELECT
    compute.*,
    compute.requests <= 0 AND work.hour IS NULL AS is_idle
  FROM compute
  LEFT JOIN work ON work.workspace_id = compute.workspace_id
    AND work.hour = compute.hour
    AND work.agent = compute.agent
    AND work.project = IF(compute.agent = '', compute.project, '')
  WHERE compute.cost_usd > 0
)
SELECT
  workspace_id AS workspaceId,
  provider,
  resource_id AS resourceId,
  project,
  agent,
  CAST(COUNT(*) AS STRING) AS hours,
  CAST(COUNTIF(is_idle) AS STRING) AS idleHours,
  CAST(SUM(cost_usd) AS STRING) AS costUsd,
  CAST(SUM(IF(is_idle, cost_usd, NUMERIC '0')) AS STRING) AS idleCostUsd,
  MIN(hour) AS firstHour,
  MAX(hour) AS lastHour
FROM hours
GROUP BY workspace_id, provider, resource_id, project, agent
HAVING COUNTIF(is_idle) > 0
ORDER BY workspace_id, SUM(IF(is_idle, cost_usd, NUMERIC '0')) DESC, provider, resource_id, project, agent
