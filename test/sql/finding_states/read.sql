SELECT workspace_id, finding_id, event, severity, recorded_at
FROM finding_states
WHERE since >= TIMESTAMP '2026-01-01 00:00:00+00'
