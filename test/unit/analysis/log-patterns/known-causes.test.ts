import { describe, expect, test } from '@jest/globals';
import { causeOf, KNOWN_CAUSES } from '../../../../src/analysis/log-patterns/known-causes.ts';

describe('known causes', () => {
  test.each([
    ['connect ECONNREFUSED <*>', 'connection_refused'],
    ['model call failed: rate_limited', 'rate_limited'],
    ['Model call failed: <*> Too Many Requests from <*>', 'rate_limited'],
    ['<*> RESOURCE_EXHAUSTED: Quota exceeded', 'rate_limited'],
    ['Model call failed: <*> Overloaded from <*> retry <*>', 'provider_overloaded'],
    ["This model's maximum context length is <*> tokens", 'model_context_length'],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'redis_memory'],
    [
      'Cannot query over table <*> without a filter over column(s) <*>',
      'bigquery_partition_filter',
    ],
    ['Cannot read properties of undefined (reading <*>)', 'undefined_value'],
    ['Unexpected token <*> in JSON at position <*>', 'not_json'],
    ['FATAL ERROR: Reached heap limit - JavaScript heap out of memory', 'memory'],
  ])('of “%s” it is %s', (template, id) => {
    expect(causeOf(template)?.id).toBe(id);
  });

  test('what nobody knows has none', () => {
    expect(causeOf('the flux capacitor is empty')).toBeUndefined();
    expect(causeOf('')).toBeUndefined();
  });

  test('the first that fits counts, and its texts in their order only', () => {
    const cause = (id: string, ...patterns: string[]) => ({ id, patterns, cause: 'c', fix: 'f' });
    const causes = [cause('order', 'b*a'), cause('first', 'zzz', 'A*B'), cause('second', 'a')];
    expect(causeOf('xx a, then b', causes)?.id).toBe('first');
    expect(causeOf('ab'.repeat(2), causes)?.id).toBe('order');
    expect(causeOf('a alone', causes)?.id).toBe('second');
  });

  test('each has an id of its own, and no pattern that a template cannot have', () => {
    const ids = KNOWN_CAUSES.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const patterns = KNOWN_CAUSES.flatMap((one) => one.patterns);
    expect(patterns.filter((one) => /\d|^\s*$|\*\*/.test(one))).toEqual([]);
  });
});
