import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand, SetupError } from './run.mjs';

const NO_NETWORK = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH/;

/**
 * Makes `node_modules` in `dir` match its lockfile: installs unless the stamp of the last install names this
 * very lockfile and platform. Safe to call again. Throws SetupError with npm's output when npm fails.
 */
export async function ensurePackages({ dir, label, progress }) {
  const stampFile = join(dir, 'node_modules', '.install-stamp');
  const stamp = stampOf(dir);
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  await progress.step(label, async () => {
    // `npm ci` refuses lockfiles that lack other platforms' optional binaries; `install` keeps to the lock as well.
    const args = ['install', '--include=dev', '--no-audit', '--no-fund', '--prefer-offline'];
    const { command, prefix } = npm();
    const { code, output } = await runCommand(command, [...prefix, ...args], { cwd: dir });
    if (code !== 0) throw new SetupError(explain(output));
    // Read again: npm may have put the lockfile in order.
    writeFileSync(stampFile, stampOf(dir));
  });
}

/** The Node this project runs on: the pinned one from npm, or our own when that is new enough. */
export function findNode(root) {
  const pinned = join(root, 'node_modules', 'node', 'bin', 'node');
  if (existsSync(pinned)) return pinned;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  throw new SetupError(
    'The npm package `node` came without its binary; npm was probably told to ignore install scripts.\n' +
      'Either allow them:  npm config delete ignore-scripts && rm -rf node_modules\n' +
      'or start with Node 24 yourself.',
  );
}

function stampOf(dir) {
  const hash = createHash('sha256');
  for (const name of ['package.json', 'package-lock.json']) {
    const file = join(dir, name);
    hash.update(existsSync(file) ? readFileSync(file) : '-').update('\0');
  }
  return `${hash.digest('hex')} ${process.platform}-${process.arch}\n`;
}

function npm() {
  const script = process.env.npm_execpath;
  return script?.endsWith('npm-cli.js')
    ? { command: process.execPath, prefix: [script] }
    : { command: 'npm', prefix: [] };
}

function explain(output) {
  const why = NO_NETWORK.test(output)
    ? 'npm cannot reach its registry. Check the network or the proxy, then run the same command again.'
    : 'npm install failed. What it printed:';
  return `${why}\n\n${output.trim()}\n`;
}
