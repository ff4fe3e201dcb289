import { expect, test } from '@jest/globals';
import { rightSizingInsights } from '../../../../src/analysis/insights/right-sizing.ts';
import { parseUsd } from '../../../../src/core/money.ts';
import { BOOK, PAID, usageOf } from './usage-of.ts';

test('the next cheaper size is named with what the same tokens cost on it, line by line', () => {
  expect(rightSizingInsights([usageOf()], BOOK, PAID)).toEqual([
    {
      kind: 'cheaper-model',
      subject: { provider: 'openai', model: 'gpt-4o', agent: 'bot', cheaperModel: 'gpt-4o-mini' },
      title: 'gpt-4o-mini instead of gpt-4o would save $11.75',
      text:
        'gpt-4o of openai, agent bot: the same tokens on gpt-4o-mini would have cost $0.75 instead of $12.50. ' +
        'Whether it answers well enough is for a trial to say.',
      savingUsd: '11.75',
      arithmetic: {
        terms: [
          { what: 'cost of 100 requests on gpt-4o', usd: '12.5' },
          {
            what: 'less input tokens on gpt-4o-mini',
            count: '1000000',
            priceUsd: '0.15',
            pricePer: '1000000 tokens',
            usd: '-0.15',
          },
          {
            what: 'less output tokens on gpt-4o-mini',
            count: '1000000',
            priceUsd: '0.6',
            pricePer: '1000000 tokens',
            usd: '-0.6',
          },
        ],
        sumUsd: '11.75',
      },
    },
  ]);
});

test.each([
  ['nobody knows the price of a part of it', [usageOf({ unpriced: 1 })], PAID],
  ['nobody knows the model', [usageOf({ model: 'gpt-unheard-of' })], PAID],
  ['the tokens do not explain the costs', [usageOf({ costNanoUsd: parseUsd('16') })], PAID],
  ['it is the smallest size', [usageOf({ model: 'gpt-4o-mini', costNanoUsd: 1n })], PAID],
  [
    'it is less than a hundredth of what was spent',
    [usageOf()],
    { ...PAID, spentNanoUsd: parseUsd('1175.000000001') },
  ],
  ['there is no usage', [], PAID],
])('nothing is advised where %s', (_, usages, paid) => {
  expect(rightSizingInsights(usages, BOOK, paid)).toEqual([]);
});
