import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { ax } from '../unit/cli/run.ts';

const read = (name: string) =>
  readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8');

/** Every `npx ax …` line of the documents, as arguments. */
const lines = ['cli', 'budgets', 'insights'].flatMap((name) =>
  [...read(name).matchAll(/^npx ax (.+)$/gm)].map(([, line]) => line!),
);

describe('the commands of the documents', () => {
  test('are many', () => expect(lines.length).toBeGreaterThan(25));

  test.each(lines)(
    'ax %s is one that ax knows, with options it knows',
    async (line) => {
      const args = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(
        ([, quoted, bare]) => quoted ?? bare!,
      );
      // Nothing listens there: a command that is understood fails only for that, or for its file.
      const env = { AX_API_URL: 'http://127.0.0.1:1', AX_API_KEY: 'axk_1' };
      const { code, stderr } = await ax(args, { folder: '/', env });
      const understood = [0, 4].includes(code) || /There is no file/.test(stderr);
      expect({ line, understood, stderr }).toMatchObject({ line, understood: true });
    },
    120_000,
  );
});
