import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const SCRIPT = fileURLToPath(new URL('sigterm-process.ts', import.meta.url));

function start(...args: string[]) {
  const child = spawn(process.execPath, ['--no-warnings', SCRIPT, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value as string;
  return { child, next, exited: once(child, 'exit') };
}

test('SIGTERM flushes and then ends a process that does not listen for it, as the signal would have', async () => {
  const { child, next, exited } = start();
  expect(await next()).toBe('ready');
  child.kill('SIGTERM');
  expect(await next()).toBe('flushed');
  expect(await exited).toEqual([null, 'SIGTERM']);
});

test('SIGTERM flushes and leaves a process that listens for it to its own drain', async () => {
  const { child, next, exited } = start('listens');
  expect(await next()).toBe('ready');
  child.kill('SIGTERM');
  expect(new Set([await next(), await next()])).toEqual(new Set(['flushed', 'draining']));
  child.stdin.end('done\n');
  expect(await exited).toEqual([7, null]);
});
