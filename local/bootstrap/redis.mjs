import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { runCommand, SetupError } from './run.mjs';

const USUAL_PLACES = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin', '/opt/local/bin'];

/**
 * The folder to put in front of PATH so that `redis-server` is found, installing it when it is missing: by apt
 * as root where no service manager would start it, otherwise as a private copy under `.local/redis`. Never
 * touches a running Redis. Throws SetupError saying what to do where neither is possible.
 */
export async function ensureRedis({ root, progress }) {
  const found = findRedisFolder(root);
  if (found) return found;
  if (process.platform !== 'linux' || !(await hasApt())) throw new SetupError(advice());
  await progress.step('installing redis-server', async () => {
    const isRoot = process.getuid?.() === 0;
    // Under systemd the package would start a service on port 6379, which nobody asked for.
    if (isRoot && !existsSync('/run/systemd/system')) await installByApt();
    else await unpackPrivately(root);
  });
  const installed = findRedisFolder(root);
  if (installed) return installed;
  throw new SetupError(advice());
}

function findRedisFolder(root) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...USUAL_PLACES, privateBin(root)];
  return folders.find((folder) => folder !== '' && existsSync(join(folder, 'redis-server')));
}

async function hasApt() {
  try {
    return (await runCommand('apt-get', ['--version'])).code === 0;
  } catch {
    return false;
  }
}

async function installByApt() {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const wait = ['-o', 'DPkg::Lock::Timeout=60'];
  await apt([...wait, 'update', '-qq'], env);
  await apt([...wait, 'install', '-y', '-qq', '--no-install-recommends', 'redis-server'], env);
}

/** Downloads what `redis-server` needs beyond the installed packages, with apt's state in our own folder. */
async function unpackPrivately(root) {
  const home = join(root, '.local', 'redis');
  const lists = join(home, 'apt', 'lists', 'partial');
  const cache = join(home, 'apt', 'cache');
  const archives = join(cache, 'archives');
  for (const folder of [lists, join(archives, 'partial'), privateBin(root)]) {
    mkdirSync(folder, { recursive: true });
  }
  const own = [
    ...['-o', `Dir::State::lists=${join(home, 'apt', 'lists')}`],
    ...['-o', `Dir::Cache=${cache}`],
    ...['-o', 'Debug::NoLocking=1'],
    ...['-o', 'APT::Sandbox::User='],
  ];
  await apt([...own, 'update', '-qq'], process.env);
  const wanted = ['--download-only', '-y', '-qq', '--no-install-recommends', 'redis-server'];
  await apt([...own, 'install', ...wanted], process.env);
  for (const file of readdirSync(archives).filter((name) => name.endsWith('.deb'))) {
    const { code, output } = await runCommand('dpkg', ['-x', join(archives, file), home]);
    if (code !== 0) throw new SetupError(`Cannot unpack ${file}:\n${output}`);
  }
  const libraries = ['usr/lib', 'lib']
    .map((folder) => join(home, folder))
    .filter(existsSync)
    .flatMap((folder) => [folder, ...triplets(folder)]);
  const binary = join(home, 'usr', 'bin', 'redis-server');
  if (!existsSync(binary)) {
    // The package holds only a link to redis-check-rdb, which redis-tools brought to the system before.
    rmSync(binary, { force: true });
    symlinkSync('/usr/bin/redis-check-rdb', binary);
  }
  const wrapper = join(privateBin(root), 'redis-server');
  writeFileSync(
    wrapper,
    `#!/bin/sh\nLD_LIBRARY_PATH='${libraries.join(':')}' exec '${binary}' "$@"\n`,
  );
  chmodSync(wrapper, 0o755);
}

const triplets = (folder) =>
  readdirSync(folder)
    .filter((name) => name.includes('-linux-'))
    .map((name) => join(folder, name));

const privateBin = (root) => join(root, '.local', 'redis', 'bin');

async function apt(args, env) {
  const { code, output } = await runCommand('apt-get', args, { env });
  if (code !== 0)
    throw new SetupError(`apt-get could not install redis-server:\n\n${output}\n${advice()}`);
}

function advice() {
  const how =
    process.platform === 'darwin'
      ? '  brew install redis'
      : '  Debian, Ubuntu:  sudo apt-get install redis-server\n  Fedora:          sudo dnf install redis\n  Alpine:          sudo apk add redis';
  return `redis-server is needed and cannot be installed from here. Install it, then run the same command again:\n${how}`;
}
