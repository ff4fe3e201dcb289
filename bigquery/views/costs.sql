-- Every entry of the ledger once: one row per (workspace_id, event_id), corrections under ids of their own.
-- The first row appended under an id is the one that counts; an event that reused an id with other content is
-- left out by its quarantine row (reason conflict).
-- Who reads it: reports, rebuilds, ad-hoc SQL. Filter on event_time (a partition filter is required) and
-- workspace_id. Money is cost_usd, USD, NUMERIC.
-- Cost bound: the columns asked for and ingest_time, content_hash, workspace_id and event_id, of the days asked for;
-- and four short columns of the whole quarantine.
SELECT entries.*
FROM `${project}.${dataset}.cost_events` AS entries
WHERE NOT EXISTS (
  SELECT 1
  FROM `${project}.${dataset}.cost_events_quarantine` AS conflicts
  WHERE conflicts.reason = 'conflict'
    AND conflicts.workspace_id = entries.workspace_id
    AND conflicts.event_id = entries.event_id
    AND conflicts.content_hash = entries.content_hash
)
-- event_time stands in the partition so that a filter on it still prunes the table's partitions.
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY entries.workspace_id, entries.event_id, entries.event_time
  ORDER BY entries.ingest_time, entries.content_hash
) = 1
