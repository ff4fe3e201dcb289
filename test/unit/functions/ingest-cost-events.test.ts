import { afterEach, describe, expect, test } from '@jest/globals';
import { createHandler } from '../../../functions/ingest-cost-events.ts';
import { serveFunction } from '../../../src/cloud/function-server.ts';
import { AppError } from '../../../src/core/errors.ts';
import type { Delivery } from '../../../src/costs/decode.ts';
import type { LogFields } from '../../../src/telemetry/logging.ts';

const open: { drain: () => Promise<void> }[] = [];
afterEach(() => Promise.all(open.splice(0).map((server) => server.drain())));

let names = 0;
/** The function behind its real server, with this in place of the spine. */
async function serve(ingest: (delivery: Delivery) => Promise<void> = async () => {}) {
  const deliveries: Delivery[] = [];
  const errors: LogFields[] = [];
  const log = { info() {}, warn() {}, error: (_: string, fields = {}) => errors.push(fields) };
  const server = await serveFunction({
    name: `ingest-${++names}`,
    port: 0,
    maxBodyBytes: 1_000_000,
    handler: createHandler(async (delivery) => {
      deliveries.push(delivery);
      await ingest(delivery);
    }, log as never),
  });
  open.push(server);
  const post = async (body: unknown, contentType = 'application/json') => {
    const response = await fetch(`http://127.0.0.1:${server.port}/`, {
      method: 'POST',
      headers: { 'Content-Type': contentType },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    await response.text();
    return response.status;
  };
  return { post, deliveries, errors };
}

const push = (text: string) => ({
  message: { messageId: 'm7', data: Buffer.from(text).toString('base64'), attributes: {} },
  subscription: 'projects/p/subscriptions/s',
});

describe('a push', () => {
  test('is acknowledged once what it carries is ingested, not before', async () => {
    let finish = () => {};
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const { post, deliveries } = await serve(
      () =>
        new Promise((resolve) => {
          finish = resolve;
          begin();
        }),
    );
    let status: number | undefined;
    const answered = post(push('{"events":[]}')).then((code) => {
      status = code;
    });
    await begun;
    await new Promise((resolve) => setImmediate(resolve));
    expect(status).toBeUndefined();
    finish();
    await answered;
    expect(status).toBe(204);
    expect(deliveries).toMatchObject([{ messageId: 'm7', data: Buffer.from('{"events":[]}') }]);
  });

  test.each<[string, Error, number]>([
    ['retryably', new AppError({ code: 'x', message: 'away', retryable: true }), 503],
    ['for good', new AppError({ code: 'x', message: 'broken' }), 500],
    ['unexpectedly', new TypeError('a defect'), 500],
  ])('that fails %s comes again, and the log says which and why', async (_, error, status) => {
    const { post, errors } = await serve(() => Promise.reject(error));
    expect(await post(push('{}'))).toBe(status);
    expect(errors).toEqual([{ messageId: 'm7', error }]);
  });

  test.each<[string, unknown, string]>([
    ['other JSON', { hello: 1 }, 'application/json'],
    ['broken JSON', '{', 'application/json'],
    ['text', 'hello', 'text/plain'],
    ['nothing', '', 'application/json'],
  ])('is not %s: 400, and nothing is ingested', async (_, body, contentType) => {
    const { post, deliveries } = await serve();
    expect(await post(body, contentType)).toBe(400);
    expect(deliveries).toEqual([]);
  });

  test('without data is handed on, to be set aside with a reason', async () => {
    const { post, deliveries } = await serve();
    expect(await post({ message: { messageId: 'm7', attributes: { a: 'b' } } })).toBe(204);
    expect(deliveries).toMatchObject([{ data: Buffer.alloc(0) }]);
  });
});
