#!/usr/bin/env node
// Plain JavaScript for any Node from 20 on: finds a Node that runs TypeScript and hands the command over to it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TYPESCRIPT_SINCE = 24;
const here = dirname(fileURLToPath(import.meta.url));
const main = join(here, 'main.ts');

if (Number(process.versions.node.split('.')[0]) >= TYPESCRIPT_SINCE) {
  await import('./main.ts');
} else {
  const node = findNode(here);
  if (node === undefined) {
    process.stderr.write(
      `ax: needs Node ${TYPESCRIPT_SINCE} or newer, and this is ${process.versions.node}. ` +
        'Run `npm install` in the project (it brings its own), or use a newer Node.\n',
    );
    process.exitCode = 1;
  } else {
    handOver(node);
  }
}

function findNode(from) {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', 'node', 'bin', 'node');
    if (existsSync(candidate)) return candidate;
    if (dirname(folder) === folder) return undefined;
  }
}

function handOver(node) {
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends Ctrl-C to both processes; forwarding it then would make one interrupt two.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`ax: cannot run ${node}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code ?? 1;
    } else {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    }
  });
}
