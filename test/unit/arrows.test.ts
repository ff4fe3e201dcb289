import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { importsOf, violationsOf } from './arrows.ts';

const root = resolve(import.meta.dirname, '../..');

describe('the arrows of the house', () => {
  test('every file imports only what its room may', () => {
    const files = sourceFiles();
    expect(files.length).toBeGreaterThan(20);
    const violations = files.flatMap((file) =>
      violationsOf(file, readFileSync(join(root, file), 'utf8')),
    );
    expect(violations).toEqual([]);
  });
});

describe('planted violations are caught', () => {
  test.each([
    ['core imports nothing of ours', 'src/core/money.ts', `import { x } from '../costs/event.ts';`],
    ['a type counts as an import', 'src/core/a.ts', `import type { X } from '../cloud/redis.ts';`],
    ['cloud knows no capability', 'src/cloud/redis.ts', `import x from "../costs/event.ts";`],
    ['costs do not know budgets', 'src/costs/a.ts', `import { x } from '../budgets/b.ts';`],
    [
      'costs do not know settings',
      'src/costs/deep/a.ts',
      `import {\n  x,\n} from '../../settings/s.ts';`,
    ],
    [
      'alerts do not know analysis',
      'src/alerts/a.ts',
      `const x = await import('../analysis/a.ts');`,
    ],
    ['the CLI runs no capability', 'src/cli/costs.ts', `import { x } from '../costs/reports.ts';`],
    [
      'src does not know functions',
      'src/costs/a.ts',
      `import '../../functions/ingest-cost-events.ts';`,
    ],
    ['nothing imports local', 'services/api/app.ts', `import { x } from '../../local/ports.ts';`],
    [
      'functions do not import services',
      'functions/a.ts',
      `import { x } from '../services/api/app.ts';`,
    ],
    [
      'services do not import functions',
      'services/api/a.ts',
      `import { x } from '../../functions/a.ts';`,
    ],
    [
      'services do not import each other',
      'services/api/a.ts',
      `import { x } from '../dashboard/a.ts';`,
    ],
    ['nothing imports tests', 'local/main.ts', `import { x } from '../test/e2e/waiting.ts';`],
    ['rooms do not import the SDK', 'src/costs/a.ts', `import { x } from '../index.ts';`],
    [
      'Google clients live in cloud',
      'src/costs/a.ts',
      `import { BigQuery } from '@google-cloud/bigquery';`,
    ],
    ['Redis clients live in cloud', 'services/api/a.ts', `import { Redis } from 'ioredis';`],
    ['mail clients live in cloud', 'src/alerts/mail.ts', `import nodemailer from 'nodemailer';`],
    ['barrels', 'src/costs/all.ts', `export * from './event.ts';`],
    ['single names passed on', 'src/costs/all.ts', `export { a as b } from './event.ts';`],
    ['environment reads', 'src/costs/a.ts', 'const port = process.env.PORT;'],
    ['environment reads in brackets', 'services/api/a.ts', `const env = process['env'];`],
    ['an unknown room', 'src/utils/a.ts', 'export const a = 1;'],
  ])('%s', (_name, file, source) => {
    expect(violationsOf(file, source)).toHaveLength(1);
  });

  test('what only looks like an import in a comment is none', () => {
    const source = `// import { x } from '../costs/a.ts';\n/* process.env */\nconst url = 'https://x';\n`;
    expect(violationsOf('src/core/a.ts', source)).toEqual([]);
  });

  test.each([
    ['access uses settings', 'src/access/a.ts', `import { x } from '../settings/s.ts';`],
    [
      'functions-framework in a function',
      'functions/a.ts',
      `import { http } from '@google-cloud/functions-framework';`,
    ],
    ['the CLI knows shapes', 'src/cli/a.ts', `import type { X } from '../costs/reports.ts';`],
    ['the SDK passes names on', 'src/index.ts', `export { x } from './costs/reporter.ts';`],
    ['a main hands over the environment', 'services/api/main.ts', 'readConfig(process.env)'],
  ])('%s: allowed', (_name, file, source) => {
    expect(violationsOf(file, source)).toEqual([]);
  });

  test('imports are found however they are written', () => {
    const source = `import a, { b } from './a.ts'; import * as c from './c.ts';\nimport './d.ts';
      export type { E } from './e.ts';\nconst f = await import( './f.ts' );`;
    expect(
      importsOf(source)
        .map(({ specifier }) => specifier)
        .sort(),
    ).toEqual(['./a.ts', './c.ts', './d.ts', './e.ts', './f.ts']);
  });
});

function sourceFiles(): string[] {
  const listed = execFileSync(
    'git',
    ['ls-files', '-co', '--exclude-standard', '*.ts', '*.mts', '*.mjs'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  return listed
    .split('\n')
    .filter(
      (file) => file.includes('/') && existsSync(join(root, file)) && !file.startsWith('test/'),
    );
}
