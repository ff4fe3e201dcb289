-- What workspaces paid per model request, agent run and user, in a period and in the one before it: the costs and what to
-- divide them by. A run is an agent's part of a trace; what lies in both periods counts in both. Costs that name no agent
-- and trace are no run's, those that name no user are no user's.
-- Parameters: @workspaceIds ARRAY<STRING>; @before, @from, @to TIMESTAMP (UTC): the period is from @from to @to, the one before
-- it from @before to @from, both half open.
-- Who runs it: src/analysis/insights/unit-costs.ts.
-- Cost bound: one scan of the workspaces' entries in both periods. Money: costUsd, beforeUsd: USD, exact decimal text. unpriced:
-- events among them that have no price and count nothing.
WITH cells AS (
  SELECT
    entries.workspace_id AS workspace_id,
    cell.unit AS unit,
    cell.name AS name,
    SUM(IF(entries.event_time >= @from, entries.cost_usd, NUMERIC '0')) AS cost_usd,
    SUM(IF(entries.event_time < @from, entries.cost_usd, NUMERIC '0')) AS before_usd,
    SUM(IF(entries.event_time >= @from, entries.events, 0)) AS events,
    SUM(IF(entries.event_time < @from, entries.events, 0)) AS events_before,
    SUM(IF(entries.event_time >= @from, COALESCE(entries.requests, entries.events), 0)) AS requests,
    SUM(IF(entries.event_time < @from, COALESCE(entries.requests, entries.events), 0)) AS requests_before,
    SUM(IF(entries.event_time >= @from, entries.unpriced_events, 0)) AS unpriced,
    SUM(IF(entries.event_time < @from, entries.unpriced_events, 0)) AS unpriced_before
  FROM costs AS entries
  CROSS JOIN UNNEST([
    STRUCT('request' AS unit, '' AS name, entries.resource_type = 'llm_api' AS is_one),
    STRUCT(
      'run' AS unit,
      -- Neither has a blank in it, so that no two runs have one name.
      CONCAT(entries.agent_id, ' ', entries.trace_id) AS name,
      entries.agent_id IS NOT NULL AND entries.trace_id IS NOT NULL AS is_one
    ),
    STRUCT('user' AS unit, entries.user_id AS name, entries.user_id IS NOT NULL AS is_one)
  ]) AS cell
  WHERE entries.workspace_id IN UNNEST(@workspaceIds)
    AND entries.event_time >= @before
    AND entries.event_time < @to
    AND cell.is_one
  GROUP BY workspace_id, unit, name
)
SELECT
  workspace_id AS workspaceId,
  unit,
  CAST(SUM(cost_usd) AS STRING) AS costUsd,
  CAST(SUM(before_usd) AS STRING) AS beforeUsd,
  CAST(IF(unit = 'request', SUM(requests), COUNTIF(events > 0)) AS STRING) AS units,
  CAST(IF(unit = 'request', SUM(requests_before), COUNTIF(events_before > 0)) AS STRING) AS unitsBefore,
  CAST(SUM(unpriced) AS STRING) AS unpriced,
  CAST(SUM(unpriced_before) AS STRING) AS unpricedBefore
FROM cells
GROUP BY workspace_id, unit
ORDER BY workspace_id, unit
