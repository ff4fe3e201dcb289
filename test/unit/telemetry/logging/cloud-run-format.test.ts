import { PassThrough } from 'node:stream';
import { LoggingWinston } from '@google-cloud/logging-winston';
import { expect, test } from '@jest/globals';
import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import winston from 'winston';
import { capture } from './capture.ts';

const spanContext = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 };

/** What Google's own package prints for Cloud Run. */
function printedByGoogle(entry: Record<string, unknown>): Record<string, unknown> {
  const transport = new LoggingWinston({
    projectId: 'acme-prod',
    redirectToStdout: true,
    useMessageField: false,
  });
  const stream = new PassThrough({ encoding: 'utf8' });
  (
    transport as unknown as { common: { cloudLog: { transport: PassThrough } } }
  ).common.cloudLog.transport = stream;
  winston.createLogger({ transports: [transport] }).log(entry as never);
  const lines = String(stream.read())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return lines.find((line) => line.message !== undefined);
}

test('special fields have the names and values that @google-cloud/logging-winston gives them', () => {
  const labels = { service: 'tests', version: '1.2.3' };
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const { log, entries } = capture({ projectId: 'acme-prod' });
  const theirs = context.with(trace.setSpanContext(ROOT_CONTEXT, spanContext), () => {
    log.warn('m');
    return printedByGoogle({ level: 'warn', message: 'm', labels });
  });
  context.disable();
  const ours = entries()[0];
  const special = (entry: Record<string, unknown>) =>
    Object.entries(entry).filter(
      ([key]) => /^severity$|^message$|googleapis/.test(key) && !key.endsWith('insertId'),
    );
  expect(special(ours).length).toBe(6);
  expect(Object.fromEntries(special(ours))).toEqual(Object.fromEntries(special(theirs)));
});
