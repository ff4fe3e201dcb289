import { createServer } from 'node:http';

/**
 * A ledger that answers like BigQuery and does no more: it counts the rows of inserts and knows no rows in queries,
 * so that what is measured is ours. `GET /rows` tells how many rows came.
 */
const INSERT_ID = Buffer.from('"insertId"');
let rows = 0;

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    response.setHeader('Content-Type', 'application/json');
    const { url = '' } = request;
    if (url === '/rows') return response.end(JSON.stringify({ rows }));
    if (url.includes('/insertAll')) {
      const body = Buffer.concat(chunks);
      for (let at = body.indexOf(INSERT_ID); at >= 0; at = body.indexOf(INSERT_ID, at + 10)) rows++;
      return response.end('{"kind":"bigquery#tableDataInsertAllResponse"}');
    }
    return response.end(
      JSON.stringify({
        kind: 'bigquery#queryResponse',
        jobComplete: true,
        jobReference: { projectId: 'bench', jobId: 'job', location: 'US' },
        schema: { fields: [{ name: 'none', type: 'STRING', mode: 'NULLABLE' }] },
        totalRows: '0',
        rows: [],
      }),
    );
  });
});
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('{"message":"listening"}'));
process.once('SIGTERM', () => process.exit(0));
