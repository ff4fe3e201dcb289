import { existsSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { readSqlFiles } from './definitions.ts';
import { parametersIn, parseHeader } from './headers.ts';

describe.each(readSqlFiles())('the header of the $kind $name', ({ kind, text }) => {
  const header = parseHeader(text);

  test('says what it is for', () => {
    expect(header.purpose).toMatch(/^[A-Z].{20,}\.$/);
  });

  test('names every parameter with its type, and no other', () => {
    expect(Object.keys(header.parameters).sort()).toEqual(parametersIn(text));
  });

  test(`says who ${kind === 'view' ? 'reads' : 'runs'} it, by files that exist`, () => {
    expect(header.who).toMatch(/\w/);
    const files = header.who!.match(/\b(src|functions|services)\/[\w./-]*\w/g) ?? [];
    if (kind === 'query') expect(files).not.toEqual([]);
    const root = new URL('../../', import.meta.url);
    expect(files.filter((file) => !existsSync(new URL(file, root)))).toEqual([]);
  });

  test('bounds its cost', () => {
    expect(header.costBound).toMatch(/\w/);
  });
});

test('a header is read with its parameters and their types', () => {
  const header = parseHeader(`-- What it does, in two
-- lines.
-- Parameters: @one STRING; @from, @to TIMESTAMP (UTC, half open), @many ARRAY<STRING>:
-- a, b.
-- Who runs it: src/x.ts.
-- Cost bound: 10 MB.
SELECT @one -- not @this
`);
  expect(header).toEqual({
    purpose: 'What it does, in two lines.',
    parameters: { one: 'STRING', from: 'TIMESTAMP', to: 'TIMESTAMP', many: 'ARRAY<STRING>' },
    who: 'src/x.ts.',
    costBound: '10 MB.',
  });
  expect(parametersIn("SELECT @b, '@no' -- @comment\n, @a")).toEqual(['a', 'b']);
});
