import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseStartOptions } from '../../local/options.mjs';
import { cleanEnvironment, type LocalCloud, startLocalCloud } from '../e2e/local-cloud.ts';
import { eventually } from '../e2e/waiting.ts';

const root = resolve(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, code]) => code!.trim());
const scripts = Object.keys(
  (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object }).scripts,
);
const START_MS = 400_000;

/** Commands that would run this very test again, or the cloud that runs beside it already. */
const NPM_COMMAND = /^npm (?:run )?(start|test|check|bench)(?: -- (.*))?$/;

describe('the README', () => {
  let cloud: LocalCloud;
  beforeAll(async () => {
    cloud = await startLocalCloud();
    const { api, apiKey } = cloud.endpoints;
    await eventually(
      async () => {
        const headers = { authorization: `Bearer ${apiKey}` };
        const response = await fetch(`${api}/v1/workspaces/demo-bakery/costs`, { headers });
        return response.ok && ((await response.json()) as { events: number }).events > 0;
      },
      { timeoutMs: 30_000, what: 'the first demo costs' },
    );
  }, START_MS);
  afterAll(async () => {
    await cloud?.stop();
  }, START_MS);

  test('shows commands', () => {
    expect(blocks.length).toBeGreaterThanOrEqual(4);
  });

  const runnable = blocks.filter((block) => !NPM_COMMAND.test(block));
  test.each(runnable.map((block) => [block.split('\n')[0]!, block]))(
    'runs as written: %s …',
    async (_firstLine, block) => {
      const { api, apiKey } = cloud.endpoints;
      const script = block.replaceAll('./.local/', `${cloud.stateDir}/`);
      const env = { ...cleanEnvironment(cloud.stateDir), AX_API_URL: api, AX_API_KEY: apiKey };
      const run = promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
        cwd: root,
        env: env as NodeJS.ProcessEnv,
      });
      const { stdout } = await run;
      expect(stdout.trim()).not.toBe('');
    },
    300_000,
  );

  test('names npm commands that exist, with options they know', () => {
    const mentioned = readme.matchAll(/(?:^|`)(npm (?:run )?(?:start|test|check|bench)[^`\n]*)/gm);
    const commands = [...mentioned].map(([, command]) => NPM_COMMAND.exec(command!));
    expect(commands.length).toBeGreaterThan(4);
    for (const command of commands) {
      expect(scripts).toContain(command?.[1]);
      if (command?.[1] !== 'start') continue;
      expect(parseStartOptions(command[2]?.split(' ') ?? []).kind).toBe('run');
    }
  });

  test('sends the reader to files that are there', () => {
    const paths = [...readme.matchAll(/`((?:src|bigquery|docs|functions|services)\/[^`<]*)`/g)];
    for (const [, path] of paths) expect(() => readFileOrFolder(path!)).not.toThrow();
  });
});

function readFileOrFolder(path: string): void {
  try {
    readFileSync(join(root, path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EISDIR') throw error;
  }
}
