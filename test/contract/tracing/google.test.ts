import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createGoogleAuthHeaders } from '../../../src/cloud/google-auth-headers.ts';
import { readInstanceFacts } from '../../../src/cloud/google-environment.ts';
import { GOOGLE_OTLP_ENDPOINT } from '../../../src/core/telemetry-config.ts';
import { createResource } from '../../../src/telemetry/resource.ts';
import { otlpHeadersFor } from '../../../src/telemetry/tracing/tracing.ts';

/** Google's metadata server as far as it is asked, on a port of this machine. */
let server: Server;
let asked: string[] = [];
const METADATA: Record<string, string> = {
  '/instance/region': 'projects/123456/regions/europe-west1',
  '/instance/id': '00bf4bf02d',
  '/instance/service-accounts/default/token': JSON.stringify({
    access_token: 'a-token',
    expires_in: 3_600,
    token_type: 'Bearer',
  }),
  '/project/project-id': 'p-1',
};
beforeAll(async () => {
  server = createServer((request, response) => {
    const path = request.url!.replace('/computeMetadata/v1', '').split('?')[0]!;
    asked.push(path);
    const value = METADATA[path];
    const type = value?.startsWith('{') ? 'application/json' : 'application/text';
    response.writeHead(value === undefined ? 404 : 200, {
      'Metadata-Flavor': 'Google',
      'Content-Type': type,
    });
    response.end(value);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

const NAMES = ['GCE_METADATA_HOST', 'METADATA_SERVER_DETECTION', 'GOOGLE_APPLICATION_CREDENTIALS'];
const saved = NAMES.map((name) => [name, process.env[name]] as const);
beforeEach(() => {
  asked = [];
  const { port } = server.address() as AddressInfo;
  process.env.GCE_METADATA_HOST = `127.0.0.1:${port}`;
  process.env.METADATA_SERVER_DETECTION = 'assume-present';
  delete process.env.GOOGLE_APPLICATION_CREDENTIALS;
});
afterEach(() => {
  for (const [name, value] of saved) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

describe('the metadata server', () => {
  test('says region and instance', async () => {
    expect(await readInstanceFacts()).toEqual({
      region: 'europe-west1',
      instanceId: '00bf4bf02d',
    });
  });

  test('is not asked where it is said that there is none, nor outside Cloud Run', async () => {
    process.env.METADATA_SERVER_DETECTION = 'none';
    expect(await readInstanceFacts()).toEqual({});
    process.env.METADATA_SERVER_DETECTION = 'assume-present';
    const resource = createResource({ service: 's', config: { environmentName: 'local' } });
    expect(resource.asyncAttributesPending).toBe(false);
    expect(asked).toEqual([]);
  });

  test('that never answers is given up', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    process.env.GCE_METADATA_HOST = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    expect(await readInstanceFacts({ timeoutMs: 50 })).toEqual({});
    silent.close();
    silent.closeAllConnections();
  });

  test('is not needed for a region that the configuration knows', async () => {
    const cloudRun = { name: 'api', revision: 'api-7', region: 'us-central1' };
    const resource = createResource({
      service: 's',
      config: { environmentName: 'production', cloudRun },
      instanceFacts: () => Promise.reject(new Error('gone')),
    });
    await resource.waitForAsyncAttributes?.();
    expect(resource.attributes).toMatchObject({
      'cloud.region': 'us-central1',
      'faas.name': 'api',
    });
    expect(resource.attributes).not.toHaveProperty('faas.instance');
  });
});

test('no two processes are one instance', () => {
  const make = () => createResource({ service: 's', config: { environmentName: 'local' } });
  const ids = [make(), make()].map(({ attributes }) => attributes['service.instance.id']);
  expect(new Set(ids).size).toBe(2);
});

describe('OTLP to Google', () => {
  test('carries the process’s own credentials beside the configured headers', async () => {
    const headers = otlpHeadersFor({
      otlpEndpoint: GOOGLE_OTLP_ENDPOINT,
      otlpHeaders: { 'x-goog-user-project': 'p-1' },
    });
    expect(await headers()).toMatchObject({
      authorization: 'Bearer a-token',
      'x-goog-user-project': 'p-1',
    });
  });

  test('asks for a token once while it lasts', async () => {
    const headers = createGoogleAuthHeaders();
    await headers();
    await headers();
    expect(asked.filter((path) => path.endsWith('/token'))).toHaveLength(1);
  });

  test('any other endpoint never sees them', async () => {
    const otlpHeaders = { 'x-key': 'k' };
    for (const otlpEndpoint of [
      'https://telemetry.googleapis.com.example.org',
      'http://telemetry.googleapis.com',
      'http://127.0.0.1:4318',
    ]) {
      expect(await otlpHeadersFor({ otlpEndpoint, otlpHeaders })()).toEqual(otlpHeaders);
    }
    expect(asked).toEqual([]);
  });
});
