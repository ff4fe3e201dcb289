-- The templates of messages that are given with the query, and which messages are of which.
-- Parameters: @messages ARRAY<STRING>: the messages, not NULL.
-- Who runs it: src/analysis/log-patterns/group.ts, for `ax analyze log-patterns` and whoever tries it on a file.
-- Cost bound: reads no table.
WITH messages AS (
  SELECT message, line
  FROM UNNEST(@messages) AS message WITH OFFSET AS line
),
-- include: fragments/log_templates.sql
SELECT
  template_id AS id,
  template,
  COUNT(*) AS count,
  ARRAY_AGG(line ORDER BY line) AS lines
FROM templated
GROUP BY id, template
ORDER BY count DESC, id
