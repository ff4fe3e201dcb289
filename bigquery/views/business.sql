-- Every business metric once: one row per (workspace_id, event_id, metric, event_time), however often an insert was tried.
-- Whoever gives an event its id gives its time too, so a repeat has both.
-- Who reads it: published KPIs, ad-hoc SQL. Filter on event_time (a partition filter is required) and workspace_id.
-- Money is value with unit USD, NUMERIC.
-- Cost bound: the columns asked for and ingest_time, workspace_id, event_id and metric, of the days asked for.
SELECT rows_told.*
FROM `${project}.${dataset}.business_metrics` AS rows_told
WHERE TRUE
-- event_time stands in the partition so that a filter on it still prunes the table's partitions.
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY rows_told.workspace_id, rows_told.event_id, rows_told.metric, rows_told.event_time
  ORDER BY rows_told.ingest_time
) = 1
