-- Purpose: the scopes that have at least one setting of a kind in force.
-- Parameters: @kind STRING.
-- Who runs it: src/settings/versions.ts, for scheduled work that goes over every workspace.
-- Cost bound: the table is clustered by kind, scope and id and holds one row per change: far below 10 MB.
WITH newest AS (
  SELECT scope, deleted
  FROM setting_versions
  WHERE kind = @kind
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY scope, id ORDER BY version DESC, changed_at DESC, write_id DESC
  ) = 1
)
SELECT DISTINCT scope
FROM newest
WHERE NOT deleted
ORDER BY scope
