import { expect, test } from '@jest/globals';
import { type IdleCompute, idleInsights } from '../../../../src/analysis/insights/idle.ts';
import { parseUsd } from '../../../../src/core/money.ts';

const VM: IdleCompute = {
  provider: 'gcp',
  resourceId: 'vm-1',
  project: 'shop',
  agent: '',
  hours: 168,
  idleHours: 40,
  spanHours: 168,
  costNanoUsd: parseUsd('16.8'),
  idleNanoUsd: parseUsd('4'),
};
const SPENT = parseUsd('100');

test('compute that cost something while nothing was done with it is named with hours and dollars', () => {
  expect(idleInsights([VM], SPENT)).toEqual([
    {
      kind: 'idle-compute',
      subject: { provider: 'gcp', resourceId: 'vm-1', project: 'shop' },
      title: 'vm-1 cost $4.00 while idle',
      text:
        'vm-1 of gcp of project shop cost $4.00 in 40 of 168 hours in which the project made no model call and served no ' +
        'request, of $16.80 in all.',
      savingUsd: '4',
      arithmetic: {
        terms: [
          { what: 'cost of 168 hours', usd: '16.8' },
          { what: 'less the cost of 128 hours with work', usd: '-12.8' },
        ],
        sumUsd: '4',
      },
    },
  ]);
});

test.each([
  ['it is reported once a day', { hours: 30, idleHours: 30, spanHours: 720 }],
  ['it was there for less than a day', { hours: 23, idleHours: 20, spanHours: 23 }],
  ['it comes to less than a hundredth of all', { idleNanoUsd: parseUsd('0.999999999') }],
])('nothing is said where %s', (_, parts) => {
  expect(idleInsights([{ ...VM, ...parts }], SPENT)).toEqual([]);
});
