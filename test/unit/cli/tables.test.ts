import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { table, wrap } from '../../../src/cli/tables.ts';

const HEAD = ['id', 'title', 'cost'];
const rows = [['monthly-agent-support-bot', 'A title that is rather long', '$1,234.50']];

describe('a table', () => {
  test('without a width has everything', () => {
    expect(table(HEAD, rows, { right: [2], ids: [0] })).toContain(rows[0]!.join('  '));
  });

  test('cuts texts first, then the middle of ids, amounts never', () => {
    const line = (width: number) =>
      table(HEAD, rows, { right: [2], ids: [0], width }).split('\n')[1];
    expect(line(60)).toBe('monthly-agent-support-bot  A title that is rathe…  $1,234.50');
    expect(line(40)).toBe('monthly-ag…upport-bot  A tit…  $1,234.50');
    expect(line(28)).toBe('mont…-bot  A tit…  $1,234.50');
  });

  test('is never wider than it may be, whatever is in it', () => {
    const cell = fc.string({ maxLength: 60 });
    const property = fc.property(
      fc.array(fc.tuple(cell, cell, cell), { maxLength: 4 }),
      fc.integer({ min: 1, max: 120 }),
      (rows, width) => {
        const notes = rows.map(([first]) => first);
        const lines = table(HEAD, rows, { right: [2], ids: [0], notes, width }).split('\n');
        return lines.every((line) => line.length <= Math.max(3, width));
      },
    );
    fc.assert(property);
  });
});

test('wrapped text keeps every word, and no line is longer than it may be', () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,30}$/), { minLength: 1 });
  fc.assert(
    fc.property(words, fc.integer({ min: 5, max: 60 }), (words, width) => {
      const lines = wrap(words.join(' '), width, '  ');
      expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(width);
      const text = lines.map((line) => line.slice(2)).join('');
      expect(text.replaceAll(' ', '')).toBe(words.join(''));
    }),
  );
});
