SELECT workspace_id, event_id, metric, value, ingest_time
FROM business
WHERE event_time >= TIMESTAMP '2026-01-01 00:00:00+00'
