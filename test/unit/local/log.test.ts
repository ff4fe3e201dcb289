import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createChildLog } from '../../../local/supervisor/log.ts';

let dir: string;
let surfaced: string[];
let lines: string[];
let time: number;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'log-'));
  surfaced = [];
  lines = [];
  time = 0;
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function open(maxBytes = 1_000_000) {
  const path = join(dir, 'api.log');
  const surface = (message: string) => void surfaced.push(message);
  const onLine = (line: string) => void lines.push(line);
  const log = createChildLog({ path, maxBytes, surface, onLine, now: () => time });
  return { path, write: (text: string) => log.write(Buffer.from(text)), tail: log.tail };
}
const error = (message: string) => `${JSON.stringify({ severity: 'ERROR', message })}\n`;

describe('the log of a child', () => {
  test('never takes more than twice its bound on disk, and keeps what came last', () => {
    const { path, write } = open(1_000);
    for (let line = 0; line < 500; line += 1) write(`line ${line}\n`);
    expect(statSync(path).size + statSync(`${path}.1`).size).toBeLessThanOrEqual(2_000);
    expect(readFileSync(path, 'utf8')).toMatch(/line 499\n$/);
  });

  test('surfaces an error whose line arrives in pieces', () => {
    const { write } = open();
    const line = error('Redis is away');
    write(line.slice(0, 20));
    expect(surfaced).toEqual([]);
    write(line.slice(20));
    expect(surfaced).toEqual(['Redis is away']);
  });

  test('surfaces neither warnings nor lines that only look like logs', () => {
    const { write } = open();
    write('{"severity":"WARNING","message":"slow"}\n{"severity":"ERR\n{}\nERROR\n[1]\n');
    expect(surfaced).toEqual([]);
  });

  test('a flood of errors becomes a few lines and a pointer, again after ten seconds', () => {
    const { path, write } = open();
    for (let count = 0; count < 100; count += 1) write(error('no'));
    expect(surfaced).toEqual(['no', 'no', 'no', 'no', 'no', `more errors are in ${path}`]);
    time = 10_001;
    write(error('still'));
    expect(surfaced.at(-1)).toBe('still');
  });

  test('hands on each line once it is whole', () => {
    const { write } = open();
    write('one\ntw');
    expect(lines).toEqual(['one']);
    write('o\nthree');
    expect(lines).toEqual(['one', 'two']);
  });

  test('keeps the last lines, a half one included', () => {
    const { write, tail } = open();
    write('one\ntwo\nthr');
    expect(tail()).toEqual(['one', 'two', 'thr']);
  });
});
