import { BigQuery } from '@google-cloud/bigquery';
import { http } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { Redis } from 'ioredis';

/**
 * The usual way, to compare with: one message per event, floats summed by a HINCRBYFLOAT pipeline, one insert per
 * event, no de-duplication. Arguments: port, Redis URL, BigQuery endpoint.
 */
const [port, redisUrl, apiEndpoint] = process.argv.slice(2);
const redis = new Redis(redisUrl!);
const table = new BigQuery({ projectId: 'bench', apiEndpoint }).dataset('costs').table('events');
const DIMENSIONS = [
  'resourceType',
  'provider',
  'model',
  'projectId',
  'agentId',
  'userId',
  'teamId',
];

http('naive', async (request, response) => {
  const text = Buffer.from(request.body.message.data, 'base64').toString();
  const event = JSON.parse(text).events[0];
  const { inputTokens, outputTokens } = event.usage;
  const costUsd = inputTokens * 2.5e-6 + outputTokens * 1e-5;
  const time: string = event.timestamp;
  const pipeline = redis.pipeline();
  for (const bucket of [time.slice(0, 13), time.slice(0, 10), time.slice(0, 7)]) {
    const key = `naive:${event.workspaceId}:${bucket}`;
    for (const field of ['total', ...DIMENSIONS.map((name) => `${name}|${event[name]}`)]) {
      pipeline.hincrbyfloat(key, field, costUsd);
      pipeline.hincrby(key, `events:${field}`, 1);
    }
    pipeline.expire(key, 86_400);
  }
  await Promise.all([pipeline.exec(), table.insert([{ ...event, costUsd }])]);
  response.status(204).end();
});

getTestServer('naive').listen(Number(port), '127.0.0.1', () => {
  console.log('{"message":"listening"}');
});
process.once('SIGTERM', () => process.exit(0));
