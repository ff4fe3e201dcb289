import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readLine } from '../../../../local/logging/agent-line.ts';
import { MAX_ENTRY_BYTES } from '../../../../local/logging/limits.ts';

const read = (line: unknown) =>
  readLine(typeof line === 'string' ? line : JSON.stringify(line), 'acme-local');
const TRACE = '0af7651916cd43dd8448eb211c80319c';

describe('a line of output', () => {
  test('of text is text without a severity', () => {
    expect(read('Listening on 8080')).toEqual({ textPayload: 'Listening on 8080' });
    expect(read('Error: no')).toEqual({ textPayload: 'Error: no' });
  });

  test.each(['{"a":', '[1,2]', '"text"', '{}x'])(
    'that is no JSON object, as %s, is text',
    (line) => {
      expect(read(line)).toEqual({ textPayload: line });
    },
  );

  test('of JSON is a payload, its special fields lifted', () => {
    const line = {
      severity: 'warning',
      message: 'slow',
      time: '2026-11-20T13:00:00.5+01:00',
      'logging.googleapis.com/trace': `projects/other/traces/${TRACE}`,
      'logging.googleapis.com/spanId': '00f067aa0ba902b7',
      'logging.googleapis.com/trace_sampled': true,
      'logging.googleapis.com/insertId': 'mine',
      'logging.googleapis.com/labels': { tenant: 'acme', attempt: 2 },
      'logging.googleapis.com/operation': { id: 'op', first: true },
      'logging.googleapis.com/sourceLocation': { file: 'a.ts', line: '7', function: 'f' },
      httpRequest: { requestMethod: 'GET', status: 200, responseSize: 12, latency: '0.25s' },
      fields: { workspaceId: 'acme' },
    };
    expect(read(line)).toEqual({
      severity: 'WARNING',
      timestamp: '2026-11-20T12:00:00.500000000Z',
      trace: `projects/other/traces/${TRACE}`,
      spanId: '00f067aa0ba902b7',
      traceSampled: true,
      insertId: 'mine',
      labels: { tenant: 'acme', attempt: '2' },
      operation: { id: 'op', first: true },
      sourceLocation: { file: 'a.ts', line: '7', function: 'f' },
      httpRequest: { requestMethod: 'GET', status: 200, responseSize: '12', latency: '0.25s' },
      jsonPayload: { message: 'slow', fields: { workspaceId: 'acme' } },
    });
  });

  test('with nothing left but its message is text', () => {
    expect(read({ severity: 'INFO', message: 'up' })).toEqual({
      severity: 'INFO',
      textPayload: 'up',
    });
    expect(read({ message: { a: 1 } })).toEqual({ jsonPayload: { message: { a: 1 } } });
    expect(read({ severity: 'INFO' })).toEqual({ severity: 'INFO', jsonPayload: {} });
  });

  test('gives a bare trace id the name of the project', () => {
    expect(read({ 'logging.googleapis.com/trace': TRACE })).toMatchObject({
      trace: `projects/acme-local/traces/${TRACE}`,
    });
  });

  test.each([
    [{ timestamp: '2026-11-20T12:00:00Z' }],
    [{ timestamp: { seconds: 1_795_176_000, nanos: 0 } }],
    [{ timestampSeconds: 1_795_176_000, timestampNanos: '0' }],
  ])('tells its time by %j', (line) => {
    expect(read({ ...line, message: 'x' })).toEqual({
      timestamp: '2026-11-20T12:00:00.000000000Z',
      textPayload: 'x',
    });
  });

  test.each([
    [{ severity: 'loud' }],
    [{ severity: {} }],
    [{ time: 'yesterday' }],
    [{ httpRequest: { status: 'many' } }],
    [{ httpRequest: { requestMethod: 'GET', colour: 'red' } }],
    [{ 'logging.googleapis.com/labels': ['a'] }],
    [{ 'logging.googleapis.com/trace_sampled': 'yes' }],
  ])('keeps %j in the payload, because it is not what it should be', (line) => {
    expect(read(line)).toEqual({ jsonPayload: line });
  });

  test.each([
    ['warn', 'WARNING'],
    ['FATAL', 'CRITICAL'],
    ['Err', 'ERROR'],
    [450, 'WARNING'],
    ['500', 'ERROR'],
  ])('of severity %j is of %s', (severity, expected) => {
    expect(read({ severity })).toMatchObject({ severity: expected });
  });

  test('may say anything: it is read, loses nothing, and fits into an entry', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.json(), fc.dictionary(fc.string(), fc.jsonValue())),
        (line) => {
          const entry = read(line);
          expect(entry.textPayload !== undefined || entry.jsonPayload !== undefined).toBe(true);
        },
      ),
    );
    const long = read('é'.repeat(300_000));
    expect(Buffer.byteLength(long.textPayload!)).toBeLessThan(MAX_ENTRY_BYTES);
    expect(read({ message: 'x'.repeat(300_000) }).textPayload).toMatch(/^\{"message":"x+\.\.\.$/);
  });
});
