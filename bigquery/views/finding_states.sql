-- Every finding as it stands: the latest row of each, the closing one where there is one, however late a row came.
-- Who reads it: src/analysis/findings/finding-log.ts, ad-hoc SQL. Filter on since and workspace_id. Money is impact_usd, USD,
-- NUMERIC.
-- Cost bound: the columns asked for and workspace_id, finding_id, event and recorded_at, of the days asked for.
SELECT entries.*
FROM `${project}.${dataset}.findings` AS entries
WHERE TRUE
-- since stands in the partition so that a filter on it still prunes the table's partitions.
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY entries.workspace_id, entries.finding_id, entries.since
  ORDER BY entries.event = 'closed' DESC, entries.recorded_at DESC, entries.event = 'seen' DESC, entries.run_id DESC
) = 1
