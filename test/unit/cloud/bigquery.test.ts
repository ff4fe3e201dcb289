import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createWarehouse, type Warehouse } from '../../../src/cloud/bigquery.ts';

type Answer = { status?: number; body: unknown };

let server: Server;
let warehouse: Warehouse;
let requests: { path: string; body: string }[] = [];
let answer: (path: string) => Answer = () => ({ body: {} });

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

beforeAll(async () => {
  // Without it the client looks for a metadata server first.
  process.env.METADATA_SERVER_DETECTION = 'none';
  server = createServer(async (request, response) => {
    const path = request.url!.split('?')[0]!;
    requests.push({ path, body: await textOf(request) });
    const { status = 200, body } = answer(path);
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const apiEndpoint = `http://127.0.0.1:${port}`;
  warehouse = createWarehouse({ projectId: 'p', dataset: 'd', apiEndpoint });
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});
beforeEach(() => {
  requests = [];
  answer = () => ({ body: {} });
});

const failure = (status: number, message: string): Answer => ({
  status,
  body: { error: { code: status, message, errors: [{ reason: 'x', message }] } },
});
const row = (insertId: string, json: Record<string, unknown> = { a: 1 }) => ({ insertId, json });

describe('an insert', () => {
  test('sends the rows as they are, under our own insert ids', async () => {
    const json = { text: '{{projectId}} {{datasetId}}', cost: '0.1', labels: '{"a":1}' };
    expect(await warehouse.insert('t', [row('i1', json), row('i2')])).toEqual({ kind: 'ok' });
    expect(requests.map(({ path }) => path)).toEqual([
      '/bigquery/v2/projects/p/datasets/d/tables/t/insertAll',
    ]);
    expect(JSON.parse(requests[0]!.body)).toEqual({
      skipInvalidRows: true,
      rows: [row('i1', json), row('i2')],
    });
  });

  test('names the rows that were not taken, with the reason of each', async () => {
    answer = () => ({
      body: {
        insertErrors: [
          {
            index: 3,
            errors: [{ reason: 'invalid', location: 'x', message: 'no such field: x.' }],
          },
          { index: 5, errors: [{ reason: 'stopped' }] },
          { index: 7, errors: [] },
        ],
      },
    });
    expect(await warehouse.insert('t', [row('i')])).toEqual({
      kind: 'partial',
      errors: [
        { index: 3, reason: 'invalid', message: 'no such field: x.', location: 'x' },
        { index: 5, reason: 'stopped', message: '', location: '' },
        { index: 7, reason: 'invalid', message: '', location: '' },
      ],
    });
  });

  test.each([400, 404, 413])('answered %s has failed for good', async (status) => {
    answer = () => failure(status, 'no');
    await expect(warehouse.insert('t', [row('i')])).rejects.toMatchObject({
      code: 'warehouse_failed',
      retryable: false,
      message: expect.stringContaining('Insert into t failed: no'),
      publicMessage: 'The ledger did not answer.',
    });
    expect(requests).toHaveLength(1);
  });
});

describe('a query', () => {
  const column = (name: string, type: string, mode = 'NULLABLE') => ({ name, type, mode });
  const answerWith = (fields: object[], cells: unknown[]) => {
    answer = () => ({
      body: {
        jobComplete: true,
        jobReference: { projectId: 'p', jobId: 'j' },
        schema: { fields },
        rows: [{ f: cells.map((v) => ({ v })) }],
        totalRows: '1',
      },
    });
  };

  test('gives exact texts for decimals, ISO texts for instants, and plain values for the rest', async () => {
    answerWith(
      [
        column('cost', 'NUMERIC'),
        column('tiny', 'NUMERIC'),
        column('huge', 'BIGNUMERIC'),
        column('at', 'TIMESTAMP'),
        column('day', 'DATE'),
        column('count', 'INTEGER'),
        column('ratio', 'FLOAT'),
        column('ok', 'BOOLEAN'),
        column('none', 'STRING'),
        column('names', 'STRING', 'REPEATED'),
      ],
      [
        '9007199254740993.000000001',
        '0.000000001',
        '123456789012345678901234567890',
        '1795176000123456',
        '2026-11-20',
        '42',
        '0.5',
        'true',
        null,
        [{ v: 'a' }, { v: 'b' }],
      ],
    );
    expect(await warehouse.query({ sql: 'SELECT 1' })).toEqual([
      {
        cost: '9007199254740993.000000001',
        tiny: '0.000000001',
        huge: '123456789012345678901234567890',
        at: expect.stringMatching(/^2026-11-20T12:00:00\.123(456(000)?)?Z$/),
        day: '2026-11-20',
        count: 42,
        ratio: 0.5,
        ok: true,
        none: null,
        names: ['a', 'b'],
      },
    ]);
  });

  test('keeps to our dataset, binds its parameters with their types, and is bounded in what it may scan', async () => {
    answerWith([column('x', 'STRING')], ['1']);
    await warehouse.query({
      sql: 'SELECT @cost, @at, @names, @none',
      params: { cost: '0.000000001', at: '2026-11-20T12:00:00.000Z', names: [], none: null },
      types: { cost: 'NUMERIC', at: 'TIMESTAMP', names: ['STRING'], none: 'STRING' },
    });
    const body = JSON.parse(requests[0]!.body);
    const sent = body.configuration?.query ?? body;
    expect(sent.defaultDataset).toEqual({ projectId: 'p', datasetId: 'd' });
    expect(sent.useLegacySql).toBe(false);
    expect(Number(sent.maximumBytesBilled)).toBe(100 * 2 ** 30);
    const parameters = Object.fromEntries(
      sent.queryParameters.map((one: { name: string }) => [one.name, one]),
    );
    expect(parameters).toMatchObject({
      cost: { parameterType: { type: 'NUMERIC' }, parameterValue: { value: '0.000000001' } },
      at: {
        parameterType: { type: 'TIMESTAMP' },
        parameterValue: { value: '2026-11-20T12:00:00.000Z' },
      },
      names: { parameterType: { type: 'ARRAY', arrayType: { type: 'STRING' } } },
      none: { parameterType: { type: 'STRING' } },
    });
    expect(sent.query).toBe('SELECT @cost, @at, @names, @none');
  });

  test('that is refused says what the service said', async () => {
    answer = () => failure(400, 'Unrecognized name: x');
    await expect(warehouse.query({ sql: 'SELECT x' })).rejects.toMatchObject({
      code: 'warehouse_failed',
      retryable: false,
      message: expect.stringContaining('Unrecognized name: x'),
    });
  });
});

test('a service that is away, or cannot be reached, may be there later', async () => {
  answer = () => failure(503, 'away');
  const nowhere = createWarehouse({
    projectId: 'p',
    dataset: 'd',
    apiEndpoint: 'http://127.0.0.1:9',
  });
  const later = { code: 'warehouse_failed', retryable: true };
  // Both at once: the client tries each several times before it gives up.
  await Promise.all([
    expect(warehouse.insert('t', [row('i')])).rejects.toMatchObject(later),
    expect(nowhere.ping()).rejects.toMatchObject(later),
  ]);
});
