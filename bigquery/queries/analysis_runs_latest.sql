-- Until when a job's successful runs have judged; NULL where none is known.
-- Parameters: @job STRING; @from TIMESTAMP, since when runs count (UTC, inclusive).
-- Who runs it: src/analysis/runs.ts, at the start of every run.
-- Cost bound: three columns of the partitions since @from of a table with one row per run: below 10 MB.
SELECT MAX(window_to) AS judgedTo
FROM analysis_runs
WHERE ended_at >= @from
  AND job = @job
  AND outcome = 'ok'
