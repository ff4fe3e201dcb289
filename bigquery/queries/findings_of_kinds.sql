-- Findings of some kinds as they stand: those of one workspace or of all, open or not, all or the latest; oldest first.
-- Parameters: @kinds ARRAY<STRING>; @workspaceId STRING, NULL for all; @from, @to TIMESTAMP (UTC, half open): those that
-- began before @to and had not ended at @from; @earliest TIMESTAMP, the earliest begin that counts; @status STRING, open or
-- closed, NULL for both; @severity STRING, NULL for every one; @limit INT64: at most so many, those that began last, NULL for all.
-- Who runs it: src/analysis/findings/finding-log.ts, for every run of an analysis and for the API.
-- Cost bound: the partitions since @earliest of a table with a few rows per finding: far below 100 MB.
-- Money: impactUsd: USD, exact decimal text.
SELECT
  workspace_id AS workspaceId,
  finding_id AS id,
  kind,
  subject,
  event,
  since,
  until,
  severity,
  title,
  sentence,
  impact_usd AS impactUsd,
  score,
  TO_JSON_STRING(details) AS details,
  recorded_at AS recordedAt
FROM finding_states
WHERE since >= @earliest
  AND since < @to
  AND kind IN UNNEST(@kinds)
  AND (@workspaceId IS NULL OR workspace_id = @workspaceId)
  AND (until IS NULL OR until > @from)
  AND (@status IS NULL OR (event = 'closed') = (@status = 'closed'))
  AND (@severity IS NULL OR severity = @severity)
QUALIFY @limit IS NULL OR ROW_NUMBER() OVER (ORDER BY since DESC, workspace_id DESC, finding_id DESC) <= @limit
ORDER BY since, workspaceId, id
