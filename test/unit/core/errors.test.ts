import { expect, test } from '@jest/globals';
import { AppError, errorMessage } from '../../../src/core/errors.ts';

test('an error keeps what operators may read apart from what the sender may', () => {
  const cause = new Error('socket');
  const error = new AppError({ code: 'c', message: 'host x', publicMessage: 'busy', cause });
  expect(error).toMatchObject({ code: 'c', message: 'host x', publicMessage: 'busy', cause });
});

test('an error is final and has no details unless it says otherwise', () => {
  const error = new AppError({ code: 'c', message: 'm' });
  expect(error).toMatchObject({ publicMessage: 'm', retryable: false, details: [] });
});

test('anything thrown has a text', () => {
  expect([errorMessage(new Error('a')), errorMessage('b'), errorMessage(undefined)]).toEqual([
    'a',
    'b',
    'undefined',
  ]);
});
