import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { expect, test } from '@jest/globals';

const bin = join(import.meta.dirname, '../../../src/cli/ax.mjs');
const environment = { PATH: process.env.PATH ?? '' };

/** An older Node on this machine, which cannot run TypeScript itself; undefined when there is none. */
const oldNode = await findOldNode();

async function collect(child: ChildProcess) {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code, signal] = await once(child, 'close');
  return { code, signal, stdout, stderr };
}

async function findOldNode(): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const node = join(folder, 'node');
    if (!existsSync(node)) continue;
    const { stdout } = await collect(spawn(node, ['-p', 'process.versions.node']));
    if (Number(stdout.split('.')[0]) < 24) return node;
  }
  return undefined;
}

const nodes = [
  ['this Node', process.execPath],
  ...(oldNode === undefined ? [] : [['an older Node', oldNode]]),
] as [string, string][];

test.each(nodes)(
  'the command started by %s answers and passes the exit code on',
  async (_, node) => {
    const help = await collect(spawn(node, [bin, '--help'], { env: environment }));
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('Usage: ax');
    const wrong = await collect(spawn(node, [bin, 'nonsense'], { env: environment }));
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
  },
);

test.each(nodes)(
  'the command started by %s ends at SIGTERM with 130 and leaves no process',
  async (_, node) => {
    const asked = Promise.withResolvers<void>();
    const server = createServer(() => asked.resolve());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const args = [bin, 'costs', '--workspace', 'acme', '--api', url, '--key', 'k'];
    const child = spawn(node, args, { env: environment });
    const ended = collect(child);
    await asked.promise;
    child.kill('SIGTERM');
    const { code, stderr } = await ended;
    server.closeAllConnections();
    server.close();
    expect({ code, stderr }).toEqual({ code: 130, stderr: 'ax: Interrupted.\n' });
  },
);
