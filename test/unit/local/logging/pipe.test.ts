import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createLoggingEmulator } from '../../../../local/logging/emulator.ts';

const PROJECT = 'agentworks-local';
const SCRIPT = resolve('local/logging/pipe.ts');
let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'pipe-'));
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

async function pipe(input: string, args: string[]) {
  const child = spawn(process.execPath, ['--no-warnings', SCRIPT, ...args]);
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    said.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said.err += chunk;
  });
  child.stdin.end(input);
  const code = await new Promise((done) => child.once('close', done));
  return { code, ...said };
}

describe('lines of a service of one’s own', () => {
  test('are passed on as they are, and are log entries of that service in the local cloud', async () => {
    const emulator = createLoggingEmulator({ projectId: PROJECT });
    await emulator.start();
    try {
      const endpoints = { logging: emulator.address, project: PROJECT };
      writeFileSync(join(stateDir, 'endpoints.json'), JSON.stringify(endpoints));
      const input =
        '{"severity":"ERROR","message":"no","fields":{"orderId":"o-1"}}\nplain, unended';
      const done = await pipe(input, ['--service', 'my-shop', '--state-dir', stateDir]);
      expect(done).toEqual({ code: 0, out: input, err: '' });
      const entries = emulator.store.all();
      expect(entries).toHaveLength(2);
      expect(entries[0]).toMatchObject({
        severity: 'ERROR',
        jsonPayload: { message: 'no', fields: { orderId: 'o-1' } },
        resource: { type: 'cloud_run_revision', labels: { service_name: 'my-shop' } },
      });
      expect(entries[1]!.textPayload).toBe('plain, unended');
    } finally {
      await emulator.close();
    }
  });

  test('are passed on without a local cloud, too, which is said once', async () => {
    const done = await pipe('a\nb\n', ['--service', 'my-shop', '--state-dir', stateDir]);
    expect(done).toMatchObject({ code: 0, out: 'a\nb\n' });
    expect(done.err.match(/no local cloud runs/g)).toHaveLength(1);
  });

  test('need the name of the service', async () => {
    expect(await pipe('', [])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--service'),
    });
  });
});
