import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { flushWithinRequests } from '../../../src/sdk/flush-within-requests.ts';

let server: Server;
let url: string;
let answer: RequestListener;
beforeEach(async () => {
  answer = (_, response) => response.end('answer');
  server = createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

const textOf = async () => (await fetch(url)).text();

test('an answer ends only when what is due has been sent', async () => {
  const { promise: sent, resolve: finish } = Promise.withResolvers<void>();
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const hold = flushWithinRequests({
    isDue: () => true,
    flush: () => {
      ask();
      return sent;
    },
  });
  const order: string[] = [];
  const answered = textOf().then((text) => order.push(text));
  await asked;
  order.push('flushing');
  finish();
  await answered;
  expect(order).toEqual(['flushing', 'answer']);
  hold.close();
});

test('an answer waits for nothing when nothing is due, and not for ever when sending hangs', async () => {
  let flushes = 0;
  let due = false;
  const hold = flushWithinRequests({
    isDue: () => due,
    flush: () => {
      flushes += 1;
      return new Promise(() => {});
    },
    maxWaitMs: 20,
  });
  expect(await textOf()).toBe('answer');
  expect(flushes).toBe(0);
  due = true;
  expect(await textOf()).toBe('answer');
  expect(flushes).toBe(1);
  hold.close();
  expect(await textOf()).toBe('answer');
  expect(flushes).toBe(1);
});

test('an answer that is ended twice, written to after its end, or ended with nonsense fares as it would without the hold', async () => {
  const hold = flushWithinRequests({ isDue: () => true, flush: async () => undefined });
  answer = (_, response) => {
    response.write('a');
    response.end('b');
    response.end();
  };
  expect(await textOf()).toBe('ab');
  answer = (_, response) => {
    response.on('error', () => undefined);
    response.end('body');
    response.write('MORE');
  };
  await expect(textOf()).rejects.toThrow();
  answer = (_, response) => {
    response.on('error', () => undefined);
    response.end(12 as never);
  };
  await expect(textOf()).rejects.toThrow();
  hold.close();
});

test('an answer to HEAD and a kept-alive connection work through the hold', async () => {
  const hold = flushWithinRequests({ isDue: () => true, flush: async () => undefined });
  expect((await fetch(url, { method: 'HEAD' })).status).toBe(200);
  expect(await textOf()).toBe('answer');
  expect(await textOf()).toBe('answer');
  hold.close();
});
