-- Which of the given entries were appended so long ago that Redis may have forgotten their ids.
-- Parameters: @workspaceIds, @eventIds ARRAY<STRING>; @from, @to TIMESTAMP, the range of their event times (UTC,
-- inclusive); @ingestedBefore TIMESTAMP, since when Redis remembers (UTC).
-- Who runs it: src/costs/ingest.ts, for batches that hold old events (backfills, replays).
-- Cost bound: four columns of those workspaces' entries between @from and @to.
SELECT
  entries.workspace_id AS workspaceId,
  entries.event_id AS eventId,
  entries.content_hash AS contentHash
FROM costs AS entries
WHERE entries.workspace_id IN UNNEST(@workspaceIds)
  AND entries.event_id IN UNNEST(@eventIds)
  AND entries.event_time BETWEEN @from AND @to
  AND entries.ingest_time < @ingestedBefore
