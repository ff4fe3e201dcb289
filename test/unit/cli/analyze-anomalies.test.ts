import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ax, scratchFolder } from './run.ts';

let folder: { path: string; remove(): Promise<void> };
beforeEach(async () => {
  folder = await scratchFolder();
});
afterEach(() => folder.remove());

/** Writes the lines to a file and runs the command on it. */
async function analyze(lines: readonly string[], ...options: string[]) {
  const file = join(folder.path, 'series.csv');
  await writeFile(file, lines.join('\n'));
  const args = ['analyze', 'anomalies', '--input', file, ...options];
  return ax(args, { folder: folder.path });
}

/** Six days of a working day of 20 in nights of 10, every half hour, with one hour of 60 on the fifth. */
const series = Array.from({ length: 288 }, (_, at) => {
  const hour = Math.floor(at / 2);
  const time = new Date(Date.UTC(2026, 10, 1, 0, at * 30)).toISOString();
  const busy = hour % 24 >= 8 && hour % 24 < 16 ? 20 : 10;
  return `${time.slice(0, 19).replace('T', ' ')},${hour === 106 ? 60 : busy}`;
});

describe('ax analyze anomalies', () => {
  test('finds the hour that is outside everything before it, and says what was expected', async () => {
    const { code, json } = await analyze(['timestamp,value', ...series], '--json');
    expect(code).toBe(0);
    expect(json()).toEqual({
      findings: [
        {
          timestamp: '2026-11-05T10:00:00.000Z',
          score: 40.38,
          kind: 'spike',
          expected: { low: 20, high: 20 },
          reason:
            '60 is 40 above the expected 20 to 20: further above the same hour of the last 7 days than any hour ' +
            'in 4 days (usual at this hour: 20).',
        },
      ],
    });
  });

  test('judges many series in one run, each by itself', async () => {
    const two = series.flatMap((line) => [`${line},a`, `${line.replace(',60', ',20')},b`]);
    const { json } = await analyze(['timestamp,value,series_id', ...two], '--json');
    const { findings } = json();
    expect(findings.map((one: { series_id: string }) => one.series_id)).toEqual(['a']);
  });

  test('has a table for people, and says so when there is nothing', async () => {
    const found = await analyze(['timestamp,value', ...series]);
    expect(found.stdout).toContain('2026-11-05 10h  spike');
    const quiet = await analyze(['timestamp,value', ...series], '--sensitivity', '0.01');
    expect(quiet.stdout).toBe('Nothing is outside what was seen before it.\n');
  });

  test('says so of a series that is too short for any hour to be judged', async () => {
    const { stdout } = await analyze(['timestamp,value', ...series.slice(0, 40)]);
    expect(stdout).toMatch(/^Too short/);
  });

  test('names every value it cannot use by line and column, and judges nothing', async () => {
    const { code, json } = await analyze(
      ['timestamp,value', '2026-11-01T00:00:00Z,many', 'yesterday,2', '2026-11-01T00:00:00Z,1e999'],
      '--json',
    );
    expect(code).toBe(2);
    expect(json().error.message).toMatch(/series\.csv: 3 values cannot be used/);
    expect(json().error.details).toEqual([
      { field: 'line 2, value', reason: '"many" is not a number' },
      {
        field: 'line 3, timestamp',
        reason: '"yesterday" is not a time such as 2026-11-20T12:00:00Z',
      },
      { field: 'line 4, value', reason: '"1e999" is not a number' },
    ]);
  });

  test.each([
    [['time,number', '2026-11-01T00:00:00Z,1'], 'no column timestamp and no column value'],
    [['timestamp;value', '2026-11-01T00:00:00Z;1'], 'Columns are parted by commas'],
    [['timestamp,value'], 'holds no values'],
  ])('refuses %j with exit code 2, saying where', async (lines, reason) => {
    const { code, json } = await analyze(lines, '--json');
    expect(code).toBe(2);
    expect(json().error.message).toContain(reason);
    expect(json().error.message).toContain('series.csv');
  });
});
