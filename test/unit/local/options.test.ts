import { describe, expect, test } from '@jest/globals';
import { parseStartOptions } from '../../../local/options.mjs';

describe('options of npm start', () => {
  test('without any, the defaults', () => {
    expect(parseStartOptions([])).toEqual({
      kind: 'run',
      options: { portBase: 8400, workload: true, stateDir: '.local' },
    });
  });

  test('all of them', () => {
    const argv = ['--no-workload', '--port-base', '9400', '--state-dir', '/tmp/x'];
    expect(parseStartOptions(argv)).toEqual({
      kind: 'run',
      options: { portBase: 9400, workload: false, stateDir: '/tmp/x' },
    });
  });

  test.each([
    ['--bogus', "Unknown option '--bogus'"],
    ['extra', "Unexpected argument 'extra'"],
    ['--port-base=abc', "--port-base must be a number from 1024 to 65462, not 'abc'"],
    ['--port-base=80', "--port-base must be a number from 1024 to 65462, not '80'"],
    ['--port-base=65500', "--port-base must be a number from 1024 to 65462, not '65500'"],
    ['--no-workload=1', "Option '--no-workload' does not take an argument"],
  ])('%s is refused by name', (argument, reason) => {
    expect(parseStartOptions([argument])).toEqual({ kind: 'invalid', reason });
  });
});
