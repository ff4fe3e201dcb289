#!/usr/bin/env node
/*
 * What `npm start`, `npm test`, `npm run check`, `npm run bench`, `npm run eval` and `npm run logs` begin with: plain
 * JavaScript for any Node from 20 on, needing no package. It installs what is missing and hands over to the pinned Node.
 */
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './bootstrap/lock.mjs';
import { ensurePackages, findNode } from './bootstrap/packages.mjs';
import { createProgress } from './bootstrap/progress.mjs';
import { ensureRedis } from './bootstrap/redis.mjs';
import { runCommand, SetupError, signalCommands } from './bootstrap/run.mjs';
import { parseStartOptions, START_USAGE } from './options.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const JEST = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
const CHECKS = [
  ['types', ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json']],
  [
    'format and lint',
    [
      'node_modules/@biomejs/biome/bin/biome',
      'check',
      '--error-on-warnings',
      '--max-diagnostics=100',
    ],
  ],
  ['floating promises', ['node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings']],
  ['import arrows', [...JEST, '--silent', 'test/unit/arrows.test.ts']],
];

const COMMANDS = {
  start: {
    redis: true,
    run: (node, args) => exec(node, ['local/main.ts', ...args], { ipc: true }),
  },
  test: {
    redis: true,
    testTools: true,
    run: (node, args) => exec(node, [...JEST, ...workers(args), ...args]),
  },
  check: { redis: false, run: runChecks },
  bench: { redis: true, run: (node, args) => exec(node, ['test/bench/main.ts', ...args]) },
  eval: { redis: false, run: (node, args) => exec(node, ['test/eval/main.ts', ...args]) },
  logs: { redis: false, run: (node, args) => exec(node, ['local/logging/pipe.ts', ...args]) },
};

const [name, ...args] = process.argv.slice(2);
const progress = createProgress({ stream: process.stderr });
let stopping = false;
let env = process.env;

async function main() {
  const command = COMMANDS[name];
  if (!command)
    throw new SetupError(
      'Usage: npm start | npm test | npm run check | npm run bench | npm run eval | npm run logs',
    );
  checkMachine();
  if (name === 'start') {
    const parsed = parseStartOptions(args);
    if (parsed.kind === 'help') return void process.stdout.write(START_USAGE);
    if (parsed.kind === 'invalid') throw new SetupError(`${parsed.reason}\n\n${START_USAGE}`);
  }
  forwardSignals();
  await withLock(join(root, '.local', 'install.lock'), () => install(command));
  process.exitCode = stopping ? 130 : await command.run(findNode(root), args);
}

async function install(command) {
  // The slow two side by side: npm waits for the network while apt unpacks.
  const [redisFolder] = await Promise.all([
    command.redis ? ensureRedis({ root, progress }) : undefined,
    ensurePackages({ dir: root, label: 'installing packages', progress }),
  ]);
  const tools = join(root, 'test', 'tools');
  if (command.testTools && existsSync(join(tools, 'package.json'))) {
    await ensurePackages({ dir: tools, label: 'installing test tools', progress });
  }
  const folders = [dirname(findNode(root)), process.env.PATH, redisFolder].filter(Boolean);
  env = {
    // One for every process and copy: what is compiled once starts half again as fast everywhere.
    NODE_COMPILE_CACHE: join(root, '.local', 'compile-cache'),
    ...process.env,
    PATH: folders.join(delimiter),
  };
}

function exec(node, nodeArgs, { ipc = false } = {}) {
  return runCommand(node, nodeArgs, { cwd: root, env, inherit: true, ipc }).then(
    ({ code }) => code,
  );
}

const workers = (jestArgs) =>
  jestArgs.some((arg) => /^(--maxWorkers|-w|--runInBand|-i$)/.test(arg)) ? [] : ['--maxWorkers=2'];

async function runChecks(node) {
  let failed = 0;
  for (const [label, nodeArgs] of CHECKS) {
    let result;
    await progress
      .step(label, async () => {
        result = await runCommand(node, nodeArgs, { cwd: root, env });
        if (result.code !== 0) throw new Error(label);
      })
      .catch(() => {
        failed += 1;
        process.stderr.write(`${result?.output ?? ''}\n`);
      });
    if (stopping) return 130;
  }
  process.stdout.write(
    `Checks: ${failed} failed, ${CHECKS.length - failed} passed, ${CHECKS.length} total\n`,
  );
  return failed === 0 ? 0 : 1;
}

function checkMachine() {
  const [major] = process.versions.node.split('.').map(Number);
  if (major < 20) {
    throw new SetupError(
      `Node ${process.versions.node} is too old to begin with: Node 20 or newer is needed (https://nodejs.org).`,
    );
  }
  if (process.platform !== 'linux' && process.platform !== 'darwin') {
    throw new SetupError(
      `This does not run on ${process.platform}. Use Linux or macOS; on Windows, WSL 2 with Debian or Ubuntu.`,
    );
  }
}

function forwardSignals() {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      stopping = true;
      signalCommands(signal);
    });
  }
  // npm killed outright forwards nothing: without it nobody is left to stop us.
  const parent = process.ppid;
  if (process.env.npm_lifecycle_event === undefined) return;
  setInterval(() => {
    if (process.ppid === parent || stopping) return;
    stopping = true;
    signalCommands('SIGTERM');
  }, 1000).unref();
}

main().catch((error) => {
  process.stderr.write(`\n${error instanceof SetupError ? error.message : error.stack}\n`);
  process.exitCode = stopping ? 130 : 1;
});
