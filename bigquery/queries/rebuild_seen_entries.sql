-- The entries of one workspace whose ids Redis must still recognise.
-- Parameters: @workspaceId STRING; @from TIMESTAMP, the oldest event time that is accepted at all (UTC);
-- @ingestedFrom TIMESTAMP, since when ids are remembered (UTC).
-- Who runs it: src/costs/rollups/rebuild.ts when Redis has lost a workspace.
-- Cost bound: four columns of the workspace's entries of the last 400 days.
SELECT
  entries.event_id AS eventId,
  entries.content_hash AS contentHash,
  entries.ingest_time AS ingestTime
FROM costs AS entries
WHERE entries.workspace_id = @workspaceId
  AND entries.event_time >= @from
  AND entries.ingest_time >= @ingestedFrom
