import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { AppError } from '../../../../src/core/errors.ts';
import { createLogger } from '../../../../src/telemetry/logging.ts';
import { capture } from './capture.ts';

const LOGGING = fileURLToPath(new URL('../../../../src/telemetry/logging.ts', import.meta.url));
const script = (statements: string) => [
  '--no-warnings',
  '--input-type=module-typescript',
  '--eval',
  `import { createLogger } from ${JSON.stringify(LOGGING)};
   const log = createLogger({ service: 'tests' });
   ${statements}`,
];

describe('a log line', () => {
  test('is one JSON object on stdout with the severity that Cloud Run knows', () => {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      script(`log.info('a\\nb'); log.warn('w', { n: 1 }); log.error('e'); log.debug('d');`),
      { encoding: 'utf8' },
    );
    expect(stderr).toBe('');
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ severity, message }) => [severity, message])).toEqual([
      ['INFO', 'a\nb'],
      ['WARNING', 'w'],
      ['ERROR', 'e'],
    ]);
  });

  test('says when, by whom, and keeps the order of lines of the same millisecond', () => {
    const { log, entries } = capture();
    log.info('first');
    log.info('second', { n: 1 });
    expect(entries()).toEqual([
      {
        severity: 'INFO',
        message: 'first',
        time: '2026-11-20T12:34:56.789000Z',
        'logging.googleapis.com/labels': { service: 'tests', version: '1.2.3' },
      },
      {
        severity: 'INFO',
        message: 'second',
        time: '2026-11-20T12:34:56.789001Z',
        'logging.googleapis.com/labels': { service: 'tests', version: '1.2.3' },
        fields: { n: 1 },
      },
    ]);
  });

  test('keeps the caller’s fields apart, so that they cannot overwrite severity, trace or labels', () => {
    const { log, entries } = capture();
    const hostile = {
      severity: 'DEBUG',
      message: 'other',
      level: 'error',
      time: 'never',
      httpRequest: { status: 200 },
      'logging.googleapis.com/trace': 'forged',
      'logging.googleapis.com/labels': { service: 'forged' },
    };
    log.info('m', hostile);
    expect(entries()[0]).toEqual({
      severity: 'INFO',
      message: 'm',
      time: expect.any(String),
      'logging.googleapis.com/labels': { service: 'tests', version: '1.2.3' },
      fields: hostile,
    });
  });

  test('lifts workspace and request where they are valid, and leaves them below where not', () => {
    const { log, entries } = capture();
    log.info('m', { workspaceId: 'acme', requestId: 'req-1', n: 1 });
    log.info('m', { workspaceId: 'not valid', requestId: { forged: true } });
    log.info('m', { workspaceId: `axk_${'0'.repeat(20)}_${'s'.repeat(43)}` });
    const [valid, invalid, secret] = entries();
    expect(valid).toMatchObject({ workspaceId: 'acme', requestId: 'req-1', fields: { n: 1 } });
    expect(valid.fields).toEqual({ n: 1 });
    expect(invalid.workspaceId).toBeUndefined();
    expect(invalid.fields).toEqual({ workspaceId: 'not valid', requestId: { forged: true } });
    expect(secret.workspaceId).toBeUndefined();
    expect(secret.fields).toEqual({ workspaceId: 'axk_[redacted]' });
  });

  test('names the active span, under the project’s traces where a project is known', () => {
    const manager = new AsyncLocalStorageContextManager().enable();
    context.setGlobalContextManager(manager);
    const spanContext = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 };
    const active = trace.setSpanContext(ROOT_CONTEXT, spanContext);
    const known = capture({ projectId: 'acme-prod' });
    const unknown = capture();
    context.with(active, () => {
      known.log.info('m');
      unknown.log.info('m');
    });
    context.disable();
    expect(known.entries()[0]).toMatchObject({
      'logging.googleapis.com/trace': `projects/acme-prod/traces/${'1'.repeat(32)}`,
      'logging.googleapis.com/spanId': '2'.repeat(16),
      'logging.googleapis.com/trace_sampled': true,
    });
    expect(unknown.entries()[0]['logging.googleapis.com/trace']).toBe('1'.repeat(32));
  });

  test('carries an error’s stack once, with its cause, its code and the service, for Error Reporting', () => {
    const { log, entries } = capture();
    const cause = new AppError({ code: 'inner_failed', message: 'inner' });
    log.error('m', { error: new Error('outer', { cause }), amount: 12n });
    log.warn('m', { error: cause });
    const [error, warning] = entries();
    expect(error.stack_trace).toContain('Error: outer');
    expect(error.serviceContext).toEqual({ service: 'tests', version: '1.2.3' });
    expect(error.fields.amount).toBe('12');
    expect(error.fields.error).toMatchObject({
      message: 'outer',
      cause: { message: 'inner', code: 'inner_failed', stack: expect.stringContaining('inner') },
    });
    expect(error.fields.error.stack).toBeUndefined();
    expect(warning.stack_trace).toContain('inner');
    expect(warning.serviceContext).toBeUndefined();
  });

  test('of a child has the child’s fields, and its own where names are the same', () => {
    const { log, entries } = capture();
    const child = log.child({ workspaceId: 'acme', a: 1 }).child({ b: 2 });
    child.info('m', { a: 3 });
    child.info('m', { workspaceId: 'other' });
    expect(entries()[0]).toMatchObject({ workspaceId: 'acme', fields: { a: 3, b: 2 } });
    expect(entries()[1]).toMatchObject({ workspaceId: 'other', fields: { a: 1, b: 2 } });
  });

  test('has what is going on just now, and is written when that cannot be told', () => {
    const around = { workspaceId: 'acme' };
    const { log, entries } = capture({ context: () => around });
    log.info('m');
    expect(entries()[0].workspaceId).toBe('acme');
    const broken = capture({
      context: () => {
        throw new Error('no context');
      },
    });
    broken.log.info('m');
    expect(broken.entries()).toHaveLength(1);
  });
});

describe('events', () => {
  test('are labelled with their kind and written whatever the level', () => {
    const { log, entries } = capture({ level: 'error' });
    log.info('not written');
    log.logBusinessEvent('card.completed', { workspaceId: 'acme', cardId: 'c-1' });
    log.logSecurityEvent('key.denied', { reason: 'revoked' });
    log.logSecurityEvent('key.forged', {}, 'CRITICAL');
    log.logAuditEvent({
      actor: 'key-1',
      action: 'budget.set',
      target: 'budget/monthly',
      outcome: 'denied',
      workspaceId: 'acme',
      reason: 'role',
    });
    const kind = (entry: Record<string, { event: string }>) =>
      entry['logging.googleapis.com/labels']?.event;
    expect(entries().map((entry) => [entry.severity, kind(entry), entry.event])).toEqual([
      ['INFO', 'business', 'card.completed'],
      ['WARNING', 'security', 'key.denied'],
      ['CRITICAL', 'security', 'key.forged'],
      ['WARNING', 'audit', 'budget.set'],
    ]);
    expect(entries().at(-1)).toMatchObject({
      message: 'key-1 budget.set budget/monthly: denied',
      workspaceId: 'acme',
      fields: { actor: 'key-1', outcome: 'denied', reason: 'role' },
    });
  });

  test('cannot be given a severity that is none', () => {
    const { log, entries } = capture();
    log.logSecurityEvent('x', {}, '","forged":"' as never);
    expect(entries()[0].severity).toBe('WARNING');
    expect(entries()[0].forged).toBeUndefined();
  });
});

describe('the stream', () => {
  test('that nobody reads holds 16 MiB, the rest is dropped and counted', async () => {
    const passed: (() => void)[] = [];
    const output = new Writable({ write: (_chunk, _encoding, done) => void passed.push(done) });
    const log = createLogger({ service: 'tests', output });
    const filler = 'x'.repeat(8_000);
    for (let i = 0; i < 4_000; i++) log.info(filler);
    const { written, dropped, bufferedBytes } = log.stats();
    expect(written + dropped).toBe(4_000);
    expect(dropped).toBeGreaterThan(1_000);
    expect(bufferedBytes).toBeLessThan(16_777_216 + 16_384);
    await expect(Promise.race([log.flush(), Promise.resolve('under way')])).resolves.toBe(
      'under way',
    );
    while (passed.length > 0) {
      passed.shift()!();
      await new Promise(setImmediate);
    }
    await log.flush();
    log.info('after');
    expect(log.stats().written).toBe(written + 1);
    passed.shift()!();
  });

  test('whose reader is gone does not end the process', async () => {
    const child = spawn(
      process.execPath,
      script(`
        for (let i = 0; i < 2000; i++) { log.info('m'); await new Promise(setImmediate); }
        await log.flush();
        process.stderr.write(JSON.stringify(log.stats()));
      `),
    );
    child.stdout.once('data', () => child.stdout.destroy());
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += String(chunk);
    });
    const [code] = await once(child, 'close');
    expect(code).toBe(0);
    expect(JSON.parse(stderr).dropped).toBeGreaterThan(0);
  });

  test('takes what was logged right before the process ends', () => {
    const { stdout } = spawnSync(
      process.execPath,
      script(`log.error('configuration is wrong'); process.exit(1);`),
      { encoding: 'utf8' },
    );
    expect(JSON.parse(stdout).message).toBe('configuration is wrong');
  });

  test('takes lines of a loop that never yields in their order', () => {
    const { stdout } = spawnSync(
      process.execPath,
      script(`for (let i = 0; i < 20_000; i++) log.info('m', { i });`),
      { encoding: 'utf8', maxBuffer: 100_000_000 },
    );
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).fields.i)).toEqual(lines.map((_, i) => i));
    expect(lines).toHaveLength(20_000);
  });

  test('of a loop that never yields costs no memory for each line', () => {
    const statements = `
      log.info('warm up');
      globalThis.gc();
      const before = process.memoryUsage().heapUsed;
      for (let i = 0; i < 200_000; i++) log.info('m', { i });
      globalThis.gc();
      process.stderr.write(String(process.memoryUsage().heapUsed - before));`;
    const { stderr } = spawnSync(process.execPath, ['--expose-gc', ...script(statements)], {
      encoding: 'utf8',
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    // winston's streams alone would hold more than 40 MiB.
    expect(Number(stderr)).toBeLessThan(8 * 1_048_576);
  });
});
