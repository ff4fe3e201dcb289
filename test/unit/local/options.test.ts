import { describe, expect, test } from '@jest/globals';
import { parseStartOptions } from '../../../local/options.mjs';

describe('options of npm start', () => {
  test('without any, the defaults', () => {
    expect(parseStartOptions([])).toEqual({
      kind: 'run',
      options: { portBase: 8400, workload: { rate: 4, instances: 1 }, stateDir: '.local' },
    });
  });

  test('all of them', () => {
    const argv = ['--no-workload', '--port-base', '9400', '--state-dir', '/tmp/x'];
    expect(parseStartOptions(argv)).toEqual({
      kind: 'run',
      options: { portBase: 9400, workload: undefined, stateDir: '/tmp/x' },
    });
  });

  test('how much demo traffic there is, and in how many processes', () => {
    const argv = ['--workload-rate', '50.5', '--workload-instances', '3'];
    expect(parseStartOptions(argv)).toMatchObject({
      options: { workload: { rate: 50.5, instances: 3 } },
    });
  });

  test.each([
    ['--bogus', "Unknown option '--bogus'"],
    ['extra', "Unexpected argument 'extra'"],
    ['--port-base=abc', "--port-base must be a number from 1024 to 65462, not 'abc'"],
    ['--port-base=80', "--port-base must be a number from 1024 to 65462, not '80'"],
    ['--port-base=65500', "--port-base must be a number from 1024 to 65462, not '65500'"],
    ['--workload-rate=0', "--workload-rate must be above 0 and at most 1000, not '0'"],
    ['--workload-rate=1e2', "--workload-rate must be above 0 and at most 1000, not '1e2'"],
    ['--workload-rate=1001', "--workload-rate must be above 0 and at most 1000, not '1001'"],
    ['--workload-instances=21', "--workload-instances must be a number from 1 to 20, not '21'"],
    ['--no-workload=1', "Option '--no-workload' does not take an argument"],
  ])('%s is refused by name', (argument, reason) => {
    expect(parseStartOptions([argument])).toEqual({ kind: 'invalid', reason });
  });
});
