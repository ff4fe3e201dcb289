import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anyText } from '../../../support/any-text.ts';
import { capture } from './capture.ts';

function written(fields: unknown) {
  const { log, lines, entries } = capture();
  log.info('m', fields as never);
  expect(lines).toHaveLength(1);
  return { entry: entries()[0], line: lines[0]! };
}

describe('whatever is logged', () => {
  test('is one line of valid JSON below 256 KiB, and nothing is thrown', () => {
    fc.assert(
      fc.property(
        fc.anything({
          withBigInt: true,
          withDate: true,
          withMap: true,
          withSet: true,
          withNullPrototype: true,
          withObjectString: true,
          withSparseArray: true,
          withTypedArray: true,
          withBoxedValues: true,
          withUnicodeString: true,
          maxDepth: 5,
          size: 'medium',
        }),
        anyText(),
        (value, message) => {
          const { log, lines, entries } = capture();
          log.info(message, { value });
          log.error(value as never, value as never);
          expect(entries()).toHaveLength(2);
          for (const line of lines) expect(line.indexOf('\n')).toBe(line.length - 1);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('has its cycles, getters, proxies and prototypes taken for what they are', () => {
    const cycle: Record<string, unknown> = { a: 1 };
    cycle.self = cycle;
    cycle.list = [cycle];
    const bomb = {
      get exploding(): string {
        throw new Error('boom');
      },
      ok: 1,
    };
    const proxy = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('boom');
        },
      },
    );
    const { entry } = written({
      cycle,
      bomb,
      proxy,
      revoked: [proxy],
      toJson: { toJSON: () => ({ password: 'x' }) },
      throwing: {
        toJSON: () => {
          throw new Error('boom');
        },
      },
      endless: {
        toJSON() {
          return { toJSON: this.toJSON };
        },
      },
      ['__proto__']: 1,
      parsed: JSON.parse('{"__proto__":{"polluted":true}}'),
    });
    expect(entry.fields).toMatchObject({
      cycle: { a: 1, self: '[circular]', list: ['[circular]'] },
      bomb: { exploding: '[unreadable]', ok: 1 },
      proxy: '[unreadable]',
      toJson: { password: '[redacted]' },
      throwing: '[unreadable]',
      parsed: { '(__proto__)': { polluted: true } },
    });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(written(cycle).entry.fields.a).toBe(1);
    expect(written(proxy).entry.fields).toEqual({ '(unreadable)': true });
    expect(
      written(
        new Proxy(
          {},
          {
            has: () => true,
            getOwnPropertyDescriptor: () => {
              throw new Error();
            },
          },
        ),
      ).entry.message,
    ).toBe('m');
  });

  test('is shown by its kind: dates, maps, sets, buffers, errors, amounts, symbols', () => {
    const { entry } = written({
      date: new Date(0),
      noDate: new Date(Number.NaN),
      map: new Map<unknown, unknown>([
        ['a', 1],
        [{}, 2],
      ]),
      set: new Set([1]),
      buffer: Buffer.from('secret'),
      big: 10n ** 30n,
      nan: Number.NaN,
      fn: () => 1,
      symbol: Symbol('s'),
      left: undefined,
      list: [undefined],
      pattern: /a/,
      url: new URL('https://user:pw@x.example/a'),
      several: new AggregateError([new Error('one')], 'many'),
    });
    expect(entry.fields).toMatchObject({
      date: '1970-01-01T00:00:00.000Z',
      noDate: '[no date]',
      map: { a: 1, '[object]': 2 },
      set: [1],
      buffer: '[6 bytes]',
      big: `1${'0'.repeat(30)}`,
      nan: 'NaN',
      fn: '[function]',
      symbol: '[symbol]',
      list: [null],
      pattern: '/a/',
      url: 'https://[redacted]@x.example/a',
      several: { errors: [{ message: 'one' }] },
    });
    expect(Object.hasOwn(entry.fields, 'left')).toBe(false);
  });

  test.each<[string, unknown]>([
    ['a long text', { a: '\u0000'.repeat(10_000_000) }],
    ['many long texts', Array.from({ length: 1_000 }, () => '\uffff'.repeat(9_000))],
    ['many members', Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, i]))],
    ['much within each other', nested(100, 3)],
    ['deep', nested(1, 10_000)],
    ['long keys', { ['k'.repeat(1_000_000)]: 1 }],
    ['many errors', Array.from({ length: 500 }, () => new Error('\ud800'.repeat(20_000)))],
    ['a large map', new Map(Array.from({ length: 100_000 }, (_, i) => [i, i]))],
  ])('is cut with a mark when it is %s', (_, value) => {
    const { log, lines, entries } = capture();
    log.error('\u0001'.repeat(1_000_000), { value, error: new Error('\u0002'.repeat(1_000_000)) });
    expect(Buffer.byteLength(lines[0]!)).toBeLessThan(262_144);
    expect(entries()[0].truncated).toBe(true);
  });

  test('that is short is not marked as cut', () => {
    expect(written({ a: [1, 2, { b: 'c' }] }).entry.truncated).toBeUndefined();
  });
});

function nested(breadth: number, depth: number): unknown {
  let value: unknown = 'leaf';
  for (let i = 0; i < depth; i++) value = Array.from({ length: breadth }, () => value);
  return value;
}
