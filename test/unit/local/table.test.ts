import { expect, test } from '@jest/globals';
import type { Endpoints } from '../../../local/endpoints.ts';
import { formatTable } from '../../../local/table.ts';

const endpoints = new Proxy({ api: 'http://127.0.0.1:9400', apiKey: 'axk_secret' } as object, {
  get: (known, name) => Reflect.get(known, name) ?? `<${String(name)}>`,
}) as Endpoints;

test('the table says how the command line finds a local cloud that is not the usual one', () => {
  const table = formatTable(endpoints, { elsewhere: true });
  expect(table.trimEnd().split('\n').slice(-2)).toEqual([
    '  export AX_API_URL=http://127.0.0.1:9400',
    '  export AX_API_KEY=axk_secret',
  ]);
  expect(formatTable(endpoints, {})).not.toContain('export');
});
