import { describe, expect, test } from '@jest/globals';
// @ts-expect-error plain JavaScript of the page
import { amountOf, ticksOf } from '../../../../local/console/page/chart.js';

describe('amounts in charts', () => {
  test.each([
    [1.5 * 2 ** 30, 'By', '1.5 GiB'],
    [300 * 2 ** 20, 'By', '300 MiB'],
    [512, 'By', '512 B'],
    [1_500, 'ms', '1.5 s'],
    [1_500_000_000, '{nUSD}', '$1.5'],
    [null, 'ms', '–'],
  ])('%p of unit %p is %p', (value, unit, text) => {
    expect(amountOf(value, unit)).toBe(text);
  });

  test('bytes have round ticks as people read them', () => {
    const ticks: number[] = ticksOf(1.7 * 2 ** 30, 'By');
    expect(ticks.map((tick) => amountOf(tick, 'By'))).toEqual([
      '0 B',
      '512 MiB',
      '1 GiB',
      '1.5 GiB',
      '2 GiB',
    ]);
  });
});
