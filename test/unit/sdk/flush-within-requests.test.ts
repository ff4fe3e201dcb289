import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { flushWithinRequests } from '../../../src/sdk/flush-within-requests.ts';

let server: Server;
let url: string;
beforeEach(async () => {
  server = createServer((_, response) => response.end('answer')).listen(0, '127.0.0.1');
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
  const answer = textOf().then((text) => order.push(text));
  await asked;
  order.push('flushing');
  finish();
  await answer;
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
