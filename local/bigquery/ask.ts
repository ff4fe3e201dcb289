import { text } from 'node:stream/consumers';
import { createWarehouse, type QueryRequest } from '../../src/cloud/bigquery.ts';
import { createBigQueryEmulator } from './emulator.ts';

// One query, asked of an empty local BigQuery by the client that is used in production, for commands that work offline:
// a QueryRequest as JSON on stdin, `{"rows": […]}` or `{"error": "…"}` as JSON on stdout.
process.env.METADATA_SERVER_DETECTION = 'none';
const projectId = 'offline';
const dataset = 'offline';
const emulator = createBigQueryEmulator({ projectId });
await emulator.start();
try {
  const request = JSON.parse(await text(process.stdin)) as QueryRequest;
  await fetch(`${emulator.url}/bigquery/v2/projects/${projectId}/datasets`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ datasetReference: { projectId, datasetId: dataset } }),
  });
  const warehouse = createWarehouse({ projectId, dataset, apiEndpoint: emulator.url });
  process.stdout.write(JSON.stringify({ rows: await warehouse.query(request) }));
} catch (error) {
  process.stdout.write(JSON.stringify({ error: (error as Error).message }));
} finally {
  await emulator.close();
}
