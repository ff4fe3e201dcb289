import { describe, expect, test } from '@jest/globals';
import { createRemembered } from '../../../src/core/remembered.ts';

function createWorld(max = 10) {
  const clock = { ms: 0 };
  const made: string[] = [];
  const remembered = createRemembered<string>({ forMs: 1_000, max, now: () => clock.ms });
  const ask = (key: string, fails = false) =>
    remembered(key, async () => {
      made.push(key);
      if (fails) throw new Error('down');
      return `${key} ${made.length}`;
    });
  return { clock, made, ask };
}

describe('what is remembered', () => {
  test('is made once for its key, however many ask, until its time is over', async () => {
    const { clock, made, ask } = createWorld();
    expect(await Promise.all([ask('a'), ask('a'), ask('b')])).toEqual(['a 1', 'a 1', 'b 2']);
    clock.ms = 999;
    expect(await ask('a')).toBe('a 1');
    clock.ms = 1_000;
    expect(await ask('a')).toBe('a 3');
    expect(made).toEqual(['a', 'b', 'a']);
  });

  test('is no failure, which all who asked meanwhile are told', async () => {
    const { ask } = createWorld();
    const both = await Promise.allSettled([ask('a', true), ask('a')]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await ask('a')).toBe('a 2');
  });

  test('is what was asked for last, no more than so many', async () => {
    const { made, ask } = createWorld(2);
    for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) await ask(key);
    expect(made).toEqual(['a', 'b', 'c', 'b']);
  });
});
