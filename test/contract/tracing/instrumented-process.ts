/*
 * A service as services are: it imports its libraries by name before it starts its telemetry. Does one of everything that is
 * to be traced, and prints what its callbacks were told.
 */
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PubSub } from '@google-cloud/pubsub';
import { fastify } from 'fastify';
import { createWarehouse } from '../../../src/cloud/bigquery.ts';
import { serveFunction } from '../../../src/cloud/function-server.ts';
import { createPublisher } from '../../../src/cloud/pubsub.ts';
import { parsePush } from '../../../src/cloud/push.ts';
import { createRedis, redisReady } from '../../../src/cloud/redis.ts';
import { createResource } from '../../../src/telemetry/resource.ts';
import { instrumentLibraries } from '../../../src/telemetry/tracing/instrumentations.ts';
import { createTracing } from '../../../src/telemetry/tracing/tracing.ts';
import { verifyInstrumentation } from '../../../src/telemetry/tracing/verify.ts';

const { COLLECTOR_URL, REDIS_URL, BIGQUERY_URL, PROJECT } = process.env as Record<string, string>;

const before = await verifyInstrumentation();
const tracing = createTracing({
  config: {
    tracesExporter: 'otlp',
    otlpEndpoint: COLLECTOR_URL!,
    otlpHeaders: {},
    traceSampleRatio: 1,
  },
  resource: createResource({ service: 'svc', config: { environmentName: 'test' } }),
  onError: (error) => console.error(error),
});
tracing.register();
const served: unknown[] = [];
const called: unknown[] = [];
const databases: unknown[] = [];
const instruments = instrumentLibraries({
  onHttpServerRequest: (record) => served.push(record),
  onHttpClientRequest: (record) => called.push(record),
  onDatabaseCall: ({ system, operation, errorType }) =>
    databases.push({ system, operation, errorType }),
});
const live = await verifyInstrumentation();

const redis = createRedis({ url: REDIS_URL! });
await redisReady(redis, 30_000);
const publisher = createPublisher({ projectId: PROJECT!, topic: 'things' });
const warehouse = createWarehouse({
  projectId: PROJECT!,
  dataset: 'd',
  apiEndpoint: BIGQUERY_URL!,
});

const pushed = Promise.withResolvers<Record<string, string>>();
const worker = await serveFunction({
  name: 'take-things',
  port: 0,
  maxBodyBytes: 100_000,
  handler: async (incoming, response) => {
    const message = parsePush(incoming.body)!;
    await redis.set('CANARY-KEY', 'CANARY-VALUE');
    response.status(204).end();
    pushed.resolve(message.attributes);
  },
});
const pubsub = new PubSub({ projectId: PROJECT! });
const [topic] = await pubsub.createTopic('things');
await topic.createSubscription('take-things', {
  pushConfig: { pushEndpoint: `http://127.0.0.1:${worker.port}/` },
});

const app = fastify();
app.addHook('onRequest', async ({ headers }, reply) => {
  if (headers.authorization === 'nobody') await reply.code(401).send();
});
app.get('/healthz', async () => 'ok');
app.get('/v1/things/:id', async () => {
  await redis.get('CANARY-KEY');
  await redis.call('NOSUCH', 'CANARY-VALUE').catch(() => {});
  await publisher.publish(Buffer.from('{}'), { kind: 'thing' });
  await warehouse.insert('t', [{ insertId: 'i', json: { a: 'CANARY-VALUE' } }]);
  return { ok: true };
});
await app.listen({ port: 0, host: '127.0.0.1' });
const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;

const get = (path: string, headers: Record<string, string>): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const outgoing = request(`${url}${path}`, { headers, agent: false });
    outgoing.once('response', (response: IncomingMessage) => {
      response.resume().once('end', () => resolve(response));
    });
    outgoing.once('error', reject).end();
  });
await get('/v1/things/7?token=CANARY-QUERY', {
  'x-request-id': 'req-1',
  'x-workspace-id': 'acme',
});
const attributes = await pushed.promise;
await get('/v1/things/8', { authorization: 'nobody', 'x-workspace-id': 'not an id' });
await get('/healthz', {});
await (await fetch(`${url}/v1/nothing?token=CANARY-QUERY`)).text();
const plain = createServer((_request, response) => response.end('plain'));
await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
const { port } = plain.address() as AddressInfo;
await (await fetch(`http://127.0.0.1:${port}/without-fastify`)).text();

await tracing.flush();
await tracing.flush();
await app.close();
await worker.drain();
plain.close();
plain.closeAllConnections();
instruments.close();
const after = await verifyInstrumentation();
await Promise.all([redis.quit(), publisher.close(), pubsub.close(), tracing.close()]);
process.stdout.write(
  JSON.stringify({ before, live, after, served, called, databases, attributes, url }),
);
process.exit(0);
