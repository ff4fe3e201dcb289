SELECT workspace_id, event_id, entry, content_hash, ingest_time, cost_usd, events, unpriced_events
FROM costs
WHERE event_time >= TIMESTAMP '2026-01-01 00:00:00+00'
