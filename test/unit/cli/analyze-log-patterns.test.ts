import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ax, scratchFolder } from './run.ts';

let folder: { path: string; remove(): Promise<void> };
beforeEach(async () => {
  folder = await scratchFolder();
});
afterEach(() => folder.remove());

async function analyze(content: string | Buffer, ...options: string[]) {
  const file = join(folder.path, 'messages.txt');
  await writeFile(file, content);
  const args = ['analyze', 'log-patterns', '--input', file, ...options];
  return ax(args, { folder: folder.path });
}

const messages = [
  'connect ECONNREFUSED 10.0.0.7:6379',
  'run 17 of alice@example.com ended',
  'connect ECONNREFUSED 10.0.0.8:6379',
  '',
  'connect ECONNREFUSED 10.0.0.7:6379',
];

describe('ax analyze log-patterns', () => {
  test('names the template of every line, in order, by an id that is the same in every run and file', async () => {
    const { code, json } = await analyze(`${messages.join('\n')}\n`, '--json');
    expect(code).toBe(0);
    // The ids are the first digits of `printf '%s' '<template>' | sha256sum`.
    const [refused, ended, empty] = ['7deec90ff9040dba', 'f9df60b8ac5718b1', 'e3b0c44298fc1c14'];
    expect(json()).toEqual({
      templates: [
        { id: refused, template: 'connect ECONNREFUSED <*>', count: 3 },
        { id: empty, template: '', count: 1 },
        { id: ended, template: 'run <*> of <*> ended', count: 1 },
      ],
      lines: [refused, ended, refused, empty, refused],
    });
  });

  test('reads gzip, and the ends of lines of Windows', async () => {
    const { json } = await analyze(gzipSync(messages.join('\r\n')), '--json');
    expect(json().lines).toHaveLength(5);
    expect(json().templates[0].template).toBe('connect ECONNREFUSED <*>');
  });

  test('has a table for people', async () => {
    const { stdout } = await analyze(messages.join('\n'));
    expect(stdout).toContain('    3  7deec90ff9040dba  connect ECONNREFUSED <*>');
  });

  test('refuses a file that is not there, or empty, or too large, with exit code 2 and the reason', async () => {
    const missing = await ax(['analyze', 'log-patterns', '--input', 'none'], {
      folder: folder.path,
    });
    expect(missing).toMatchObject({ code: 2, stderr: 'ax: There is no file none.\n' });
    expect(await analyze('')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('holds no'),
    });
    const large = await analyze('x'.repeat(99).concat('\n').repeat(90_000));
    expect(large).toMatchObject({ code: 2, stderr: expect.stringContaining('more than 8 MB') });
  });
});
