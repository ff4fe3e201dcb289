import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const LOGGING = fileURLToPath(new URL('../../../src/telemetry/logging.ts', import.meta.url));

/** Runs statements with a logger in a process of their own and reads what it printed. */
function logged(statements: string) {
  const script = `
    import { createLogger } from ${JSON.stringify(LOGGING)};
    const log = createLogger({ service: 'tests', version: '1.2.3' });
    ${statements}`;
  const args = ['--no-warnings', '--input-type=module-typescript', '--eval', script];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('a log line', () => {
  test('is one JSON object on stdout with the severity that Cloud Run knows', () => {
    const lines = logged(`log.info('a\\nb'); log.warn('w', { n: 1 }); log.error('e');`);
    expect(lines.map(({ severity, message }) => [severity, message])).toEqual([
      ['INFO', 'a\nb'],
      ['WARNING', 'w'],
      ['ERROR', 'e'],
    ]);
    expect(lines[1]).toMatchObject({ service: 'tests', version: '1.2.3', fields: { n: 1 } });
    expect(Number.isNaN(Date.parse(lines[0].timestamp))).toBe(false);
  });

  test('keeps the caller’s fields apart, so that they cannot overwrite severity or trace', () => {
    const [line] = logged(
      `log.info('m', { severity: 'DEBUG', message: 'other', level: 'error' });`,
    );
    expect(line).toMatchObject({ severity: 'INFO', message: 'm', fields: { severity: 'DEBUG' } });
  });

  test('carries the stack of an error and of its cause, and amounts as digits', () => {
    const [line] = logged(
      `log.error('m', { error: new Error('outer', { cause: new Error('inner') }), amount: 12n });`,
    );
    expect(line.stack_trace).toContain('Error: outer');
    expect(line.fields).toMatchObject({
      error: { message: 'outer', cause: { message: 'inner' } },
      amount: '12',
    });
  });

  test('is printed even when its fields cannot be', () => {
    const [line] = logged(`const loop = {}; loop.loop = loop; log.info('m', loop);`);
    expect(line).toMatchObject({ message: 'm', fields: 'not serialisable' });
  });
});
