import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';

/** Where amounts are computed. Counts and times may be numbers there, amounts may not. */
const FILES = [
  'core/money.ts',
  'costs/correction.ts',
  'costs/entry.ts',
  'costs/forecast/month.ts',
  'costs/ingest.ts',
  'costs/reprice.ts',
  'costs/pricing/cost.ts',
  'costs/pricing/overrides.ts',
  'costs/pricing/rates.ts',
  'costs/rollups/cells.ts',
  'costs/rollups/read.ts',
  'costs/rollups/rebuild.ts',
  'costs/reports/from-ledger.ts',
  'costs/reports/from-rollups.ts',
  'costs/reports/report.ts',
];

const AMOUNT =
  /(?:Number|parseFloat|parseInt)\([^)]*(?:cost|usd|nano|(?<!un)price|spent|amount|delta)/i;

describe('no float ever holds money', () => {
  test.each(FILES)('%s turns no amount into a number', (file) => {
    const source = readFileSync(new URL(`../../../src/${file}`, import.meta.url), 'utf8');
    expect(source.split('\n').filter((line) => AMOUNT.test(line))).toEqual([]);
    expect(source).not.toMatch(/parseFloat|toPrecision|toFixed\([1-9]/);
  });

  test.each(['apply.lua', 'rebuild.lua'])('%s adds whole nano-dollars only', (file) => {
    const path = new URL(`../../../src/costs/rollups/${file}`, import.meta.url);
    expect(readFileSync(path, 'utf8')).not.toMatch(/INCRBYFLOAT/i);
  });
});
