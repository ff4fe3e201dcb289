import { describe, expect, test } from '@jest/globals';
import { parsePriceOverride } from '../../../../src/costs/pricing/override-body.ts';

const body = {
  provider: 'openai',
  model: 'gpt-4o',
  validFrom: '2026-11-01T00:00:00Z',
  usdPerMillionTokens: { input: '2.5', output: '10' },
};

const errorsOf = (value: unknown) => {
  const parsed = parsePriceOverride(value);
  return parsed.kind === 'invalid' ? parsed.errors : [];
};

describe('the body of a price override', () => {
  test('becomes terms with times as epoch milliseconds', () => {
    const parsed = parsePriceOverride({ ...body, validTo: '2026-12-01T01:00:00+01:00' });
    expect(parsed).toEqual({
      kind: 'valid',
      terms: {
        provider: 'openai',
        model: 'gpt-4o',
        validFrom: Date.UTC(2026, 10, 1),
        validTo: Date.UTC(2026, 11, 1),
        usdPerMillionTokens: { input: '2.5', output: '10' },
      },
    });
    expect(parsePriceOverride(body)).not.toHaveProperty('terms.validTo');
  });

  test.each([
    ['no object', 7, 'body'],
    ['a missing model', { ...body, model: undefined }, 'model'],
    ['a blank provider', { ...body, provider: ' ' }, 'provider'],
    ['an unknown field', { ...body, note: 'x' }, 'note'],
    ['a date without a zone', { ...body, validFrom: '2026-11-01' }, 'validFrom'],
    ['an end before the start', { ...body, validTo: '2026-10-01T00:00:00Z' }, 'validTo'],
    ['an end that is no time', { ...body, validTo: 'never' }, 'validTo'],
    [
      'no output rate',
      { ...body, usdPerMillionTokens: { input: '1' } },
      'usdPerMillionTokens.output',
    ],
    [
      'a rate as a number',
      { ...body, usdPerMillionTokens: { input: 2.5, output: '1' } },
      'usdPerMillionTokens.input',
    ],
    [
      'a negative rate',
      { ...body, usdPerMillionTokens: { input: '-1', output: '1' } },
      'usdPerMillionTokens.input',
    ],
    [
      'a misspelled rate',
      { ...body, usdPerMillionTokens: { input: '1', output: '1', cached: '1' } },
      'usdPerMillionTokens.cached',
    ],
  ])('%s is refused by field', (_, value, field) => {
    const errors = errorsOf(value);
    expect(errors.map((error) => error.field)).toEqual([field]);
    expect(errors[0]!.reason).not.toBe('');
  });

  test('every error is told at once', () => {
    const value = { model: 'm', validFrom: 'x', usdPerMillionTokens: { input: '1e-6' } };
    expect(
      errorsOf(value)
        .map((error) => error.field)
        .sort(),
    ).toEqual(['provider', 'usdPerMillionTokens.input', 'usdPerMillionTokens.output']);
  });
});
