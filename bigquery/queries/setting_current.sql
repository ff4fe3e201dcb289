-- The newest version of every setting of one kind in one scope, tombstones included.
-- Two rows may claim the same version (streaming inserts know no uniqueness): the one written under the younger
-- lock counts, so that every reader picks the same one.
-- Parameters: @kind STRING, @scope STRING (a workspace id, or '-' for the platform).
-- Who runs it: src/settings/versions.ts, when Redis has no complete copy, and before and after every change of a
-- setting.
-- Cost bound: the table is clustered by kind, scope and id and holds one row per change: far below 10 MB.
SELECT
  id,
  version,
  body,
  deleted,
  changed_by,
  changed_at,
  write_id
FROM setting_versions
WHERE kind = @kind AND scope = @scope
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY id ORDER BY version DESC, changed_at DESC, write_id DESC
) = 1
