import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

type Progress = { step<T>(label: string, work: () => Promise<T>): Promise<T> };
type PackagesModule = {
  ensurePackages(options: { dir: string; label: string; progress: Progress }): Promise<void>;
};
type LockModule = { withLock<T>(lock: string, work: () => Promise<T>): Promise<T> };

// Plain JavaScript, because it runs before anything is installed.
const load = (name: string): Promise<unknown> =>
  import(String(new URL(`../../../local/bootstrap/${name}`, import.meta.url)));
const { ensurePackages } = (await load('packages.mjs')) as PackagesModule;
const { withLock } = (await load('lock.mjs')) as LockModule;

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bootstrap-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('packages', () => {
  const steps: string[] = [];
  const progress: Progress = {
    step(label, work) {
      steps.push(label);
      return work();
    },
  };
  const install = () => ensurePackages({ dir, label: 'installing', progress });
  const write = (version: string, dependencies: object = {}) =>
    writeFileSync(join(dir, 'package.json'), JSON.stringify({ name: 'x', version, dependencies }));

  beforeEach(() => {
    steps.length = 0;
    mkdirSync(join(dir, 'node_modules'));
  });

  test('are installed once, and again when what is wanted changes', async () => {
    write('1.0.0');
    await install();
    await install();
    expect(steps).toHaveLength(1);
    write('2.0.0');
    await install();
    expect(steps).toHaveLength(2);
  });

  test('when npm fails, its output says why and the next start tries again', async () => {
    write('1.0.0', { missing: 'file:./not/there.tgz' });
    await expect(install()).rejects.toThrow(/npm install failed[\s\S]*there\.tgz/);
    await expect(install()).rejects.toThrow(/npm install failed/);
    expect(steps).toHaveLength(2);
  });
});

describe('the installation lock', () => {
  test('lets one in at a time', async () => {
    const lock = join(dir, 'deep', 'install.lock');
    const log: string[] = [];
    const visit = (name: string) =>
      withLock(lock, async () => {
        log.push(`${name} in`);
        await new Promise((resolve) => setImmediate(resolve));
        log.push(`${name} out`);
      });
    await Promise.all([visit('a'), visit('b')]);
    expect(log).toEqual(['a in', 'a out', 'b in', 'b out']);
    expect(existsSync(lock)).toBe(false);
  });

  test('is free again after a failure', async () => {
    const lock = join(dir, 'install.lock');
    await expect(withLock(lock, () => Promise.reject(new Error('no network')))).rejects.toThrow();
    await expect(withLock(lock, async () => 'in')).resolves.toBe('in');
  });

  test('left by a process that is gone counts for nothing', async () => {
    const lock = join(dir, 'install.lock');
    writeFileSync(lock, String(2 ** 22 + 1));
    await expect(withLock(lock, async () => 'in')).resolves.toBe('in');
  });
});

test('npm waits for what it started: no shell stands between that would take a SIGTERM for itself', () => {
  const manifest = new URL('../../../package.json', import.meta.url);
  const { scripts } = JSON.parse(readFileSync(manifest, 'utf8')) as { scripts: object };
  for (const [name, command] of Object.entries(scripts)) {
    if (name !== 'ax') expect(command).toBe(`exec node local/bootstrap.mjs ${name}`);
  }
});
