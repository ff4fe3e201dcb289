-- What the platform's business came to, all workspaces together, in full UTC days before @to: one row per figure and, where
-- it is told apart by something, per value of that. Figures without anything to say are left out.
--   daily_active_users, weekly_active_users, monthly_active_users: pairs of workspace and user that did something;
--   active_workspaces: workspaces where somebody did something or costs arose; requests, unpriced_events: calls of models,
--   and events without a known price. Of the last day, but for users. Plain numbers.
--   llm_cost by provider, infrastructure_cost by resource type, cost (all costs), usage_revenue by plan: of the last day.
--   subscription_revenue by plan, monthly_revenue (less what was given back), monthly_cost: of the last thirty days.
-- Parameters: @dayFrom, @weekFrom, @monthFrom TIMESTAMP: 1, 7 and 30 days before @to TIMESTAMP, the start of a UTC day.
-- Who runs it: src/telemetry/business/read-kpis.ts, every hour: late events and corrections change days that are over.
-- Cost bound: one scan of thirty days of all workspaces: eight short columns of the entries, eight of the business metrics.
-- Money: value of costs and revenue: USD, exact decimal text.
WITH used AS (
  SELECT
    event_time,
    workspace_id,
    -- JSON strings say themselves where they end, so that no two pairs have one name.
    CONCAT(TO_JSON_STRING(workspace_id), TO_JSON_STRING(user_id)) AS user_name
  FROM business
  WHERE event_time >= @monthFrom
    AND event_time < @to
    AND kind = 'user_engagement'
    AND user_id IS NOT NULL
),
spent AS (
  SELECT
    event_time,
    workspace_id,
    IF(resource_type = 'llm_api', 'llm_cost', 'infrastructure_cost') AS kpi,
    IF(resource_type = 'llm_api', provider, resource_type) AS label,
    cost_usd AS usd,
    IF(resource_type = 'llm_api', COALESCE(requests, events), 0) AS requests,
    unpriced_events
  FROM costs
  WHERE event_time >= @monthFrom
    AND event_time < @to
  UNION ALL
  SELECT
    event_time,
    workspace_id,
    IF(category = 'llm', 'llm_cost', IF(category = 'infrastructure', 'infrastructure_cost', 'other_cost')) AS kpi,
    COALESCE(
      IF(category = 'llm', JSON_VALUE(dimensions, '$.provider'), JSON_VALUE(dimensions, '$.resourceType')), ''
    ) AS label,
    value AS usd,
    0 AS requests,
    0 AS unpriced_events
  FROM business
  WHERE event_time >= @monthFrom
    AND event_time < @to
    AND kind = 'cost'
),
earned AS (
  SELECT event_time, category, COALESCE(plan, '') AS plan, value AS usd
  FROM business
  WHERE event_time >= @monthFrom
    AND event_time < @to
    AND kind = 'revenue'
),
active AS (
  SELECT workspace_id FROM used WHERE event_time >= @dayFrom
  UNION DISTINCT
  SELECT workspace_id FROM spent WHERE event_time >= @dayFrom
),
figures AS (
  SELECT 'daily_active_users' AS kpi, '' AS label, CAST(COUNT(DISTINCT user_name) AS NUMERIC) AS value
  FROM used
  WHERE event_time >= @dayFrom
  UNION ALL
  SELECT 'weekly_active_users', '', CAST(COUNT(DISTINCT user_name) AS NUMERIC)
  FROM used
  WHERE event_time >= @weekFrom
  UNION ALL
  SELECT 'monthly_active_users', '', CAST(COUNT(DISTINCT user_name) AS NUMERIC)
  FROM used
  UNION ALL
  SELECT 'active_workspaces', '', CAST(COUNT(*) AS NUMERIC)
  FROM active
  UNION ALL
  SELECT 'requests', '', CAST(SUM(requests) AS NUMERIC)
  FROM spent
  WHERE event_time >= @dayFrom
  UNION ALL
  SELECT 'unpriced_events', '', CAST(SUM(unpriced_events) AS NUMERIC)
  FROM spent
  WHERE event_time >= @dayFrom
  UNION ALL
  SELECT 'cost', '', SUM(usd)
  FROM spent
  WHERE event_time >= @dayFrom
  UNION ALL
  SELECT kpi, label, SUM(usd)
  FROM spent
  WHERE event_time >= @dayFrom
    AND kpi != 'other_cost'
  GROUP BY kpi, label
  UNION ALL
  SELECT 'usage_revenue', plan, SUM(usd)
  FROM earned
  WHERE event_time >= @dayFrom
    AND category = 'usage'
  GROUP BY plan
  UNION ALL
  SELECT 'subscription_revenue', plan, SUM(usd)
  FROM earned
  WHERE category = 'subscription'
  GROUP BY plan
  UNION ALL
  SELECT 'monthly_revenue', '', SUM(usd)
  FROM earned
  UNION ALL
  SELECT 'monthly_cost', '', SUM(usd)
  FROM spent
)
SELECT kpi, label, CAST(value AS STRING) AS value
FROM figures
WHERE value IS NOT NULL
ORDER BY kpi, label
