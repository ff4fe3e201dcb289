import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ax, scratchFolder } from './run.ts';

let folder: Awaited<ReturnType<typeof scratchFolder>>;
beforeAll(async () => {
  folder = await scratchFolder();
});
afterAll(() => folder.remove());

type Step = { t: string | number; mean: number } & Record<string, number>;

async function run(csv: string | Buffer, ...args: string[]) {
  const file = join(folder.path, 'series.csv');
  await writeFile(file, csv);
  const options = { folder: folder.path, columns: 110 };
  return ax(['analyze', 'forecast', '--input', file, ...args], options);
}

async function forecast(csv: string | Buffer, ...args: string[]): Promise<Step[]> {
  const { code, json, stderr } = await run(csv, '--horizon', '3', '--json', ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return json().forecast;
}

/** A CSV file of 1, 2, 1, 2, … at these times. */
const csvOf = (times: readonly (string | number)[], head = 't,value') =>
  [head, ...times.map((t, at) => `${t},${1 + (at % 2)}`)].join('\n');

const timesOf = async (times: readonly (string | number)[], head?: string) =>
  (await forecast(csvOf(times, head))).map(({ t }) => t);

describe('ax analyze forecast --json', () => {
  test('is one document: forecast, model and backtest, the bounds around the mean', async () => {
    const csv = csvOf(Array.from({ length: 40 }, (_, at) => at));
    const { json } = await run(csv, '--horizon', '2', '--season', '2', '--json');
    const document = json();
    expect(Object.keys(document)).toEqual(['forecast', 'model', 'backtest']);
    expect(document.forecast).toHaveLength(2);
    for (const { t, low95, low80, mean, high80, high95 } of document.forecast) {
      const order = [low95, low80, mean, high80, high95];
      expect(order).toEqual(order.toSorted((a, b) => a - b));
      expect(mean).toBeCloseTo(1 + (t % 2), 1);
    }
    expect(document.model).toMatch(/combination: \d+ % /);
    expect(document.backtest).toMatchObject({
      origins: expect.any(Number),
      meanAbsoluteError: expect.any(Number),
    });
  });

  test.each([
    ['whole numbers', [1, 2, 3, 4], [5, 6, 7]],
    ['other numbers', [0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7]],
    [
      'days',
      ['2026-02-26', '2026-02-27', '2026-02-28'],
      ['2026-03-01', '2026-03-02', '2026-03-03'],
    ],
    ['months', ['2026-09', '2026-10', '2026-11'], ['2026-12', '2027-01', '2027-02']],
    [
      'first days of months',
      ['2025-12-01', '2026-01-01', '2026-02-01'],
      ['2026-03-01', '2026-04-01', '2026-05-01'],
    ],
    [
      'last days of months',
      ['2025-12-31', '2026-01-31', '2026-02-28'],
      ['2026-03-31', '2026-04-30', '2026-05-31'],
    ],
    [
      'quarters',
      ['2026-01-01', '2026-04-01', '2026-07-01'],
      ['2026-10-01', '2027-01-01', '2027-04-01'],
    ],
    [
      'years',
      ['2024-01-01', '2025-01-01', '2026-01-01'],
      ['2027-01-01', '2028-01-01', '2029-01-01'],
    ],
    [
      'hours with zone',
      ['2026-11-20T22:00:00Z', '2026-11-20T23:00:00Z'],
      ['2026-11-21T00:00:00Z', '2026-11-21T01:00:00Z', '2026-11-21T02:00:00Z'],
    ],
    [
      'five minutes of another clock',
      ['2026-11-20 23:50:00', '2026-11-20 23:55:00'],
      ['2026-11-21 00:00:00', '2026-11-21 00:05:00', '2026-11-21 00:10:00'],
    ],
  ])('continues %s', async (_, times, next) => {
    expect(await timesOf(times)).toEqual(next);
  });

  test('continues workdays with workdays', async () => {
    const days = Array.from({ length: 21 }, (_, at) => new Date(Date.UTC(2026, 10, 2 + at)))
      .filter((day) => day.getUTCDay() % 6 !== 0)
      .map((day) => day.toISOString().slice(0, 10));
    expect(days.at(-1)).toBe('2026-11-20');
    expect(await timesOf(days, 'timestamp,value')).toEqual([
      '2026-11-23',
      '2026-11-24',
      '2026-11-25',
    ]);
  });

  test('fills gaps, takes rows in any order, ignores what it does not know, and unzips', async () => {
    const whole = await forecast('t,value\n1,5\n2,6\n3,7\n4,8\n5,9\n6,10\n');
    const messy = 'note,value,t\nx,10,6\nx,5,1\n,,2\n,7,3\n,9,5\n';
    expect(await forecast(messy)).toEqual(whole);
    expect(await forecast(gzipSync(messy))).toEqual(whole);
  });

  test('answers many series in one run, in the order in which they first appear', async () => {
    const csv = 'series_id,t,value\nb,1,5\na,2026-11-01,7\nb,2,5\na,2026-11-02,7\nb,3,5\n';
    const { code, json } = await run(csv, '--horizon', '1', '--json');
    expect(code).toBe(0);
    const [b, a] = json().series;
    expect(json().series).toHaveLength(2);
    expect(b).toMatchObject({ series_id: 'b', forecast: [{ t: 4, mean: 5 }] });
    expect(a).toMatchObject({ series_id: 'a', forecast: [{ t: '2026-11-03' }] });
    expect(Object.keys(a)).toEqual(['series_id', 'forecast', 'model', 'backtest']);
  });
});

describe('what cannot be forecast', () => {
  test.each([
    ['no values', 't,value\n', /holds no values/],
    ['no column for times', 'when,value\n1,2\n', /no column t or timestamp/],
    ['no column for values', 't,amount\n1,2\n', /no column value/],
    ['a word for a value', 't,value\n1,2\n2,many\n', /series\.csv.*\n.*line 3, value: "many"/],
    ['a negative value', 't,value\n1,2\n2,-1\n', /line 3, value: "-1" is negative/],
    ['an endless value', 't,value\n1,2\n2,1e999\n', /line 3, value: "1e999" is not a number/],
    ['a time that is none', 't,value\nsoon,2\n', /line 2, t: "soon"/],
    ['a day that is none', 'timestamp,value\n2026-02-30,2\n', /line 2, timestamp: "2026-02-30"/],
    ['a time of another kind', 't,value\n1,2\n2026-11-01,2\n', /line 3, t: .* kind of line 2/],
    ['a time twice', 't,value\n1,2\n2,2\n1,3\n', /line 4, column t: the time of line 2/],
    [
      'steps that are none',
      't,value\n1,2\n2,2\n3,2\n4,2\n5.5,1\n',
      /line 6, column t: .*equal steps/,
    ],
    ['a step into nowhere', 't,value\n1,2\n2,2\n3,2\n9e9,1\n', /line 5, column t: .*equal steps/],
  ])('%s: code 2, and it says where', async (_, csv, says) => {
    const { code, stderr } = await run(csv, '--horizon', '2');
    expect(stderr).toMatch(says);
    expect(code).toBe(2);
  });

  test.each([
    ['--horizon', '0'],
    ['--horizon', 'x'],
    ['--season', '0'],
  ])('%s %s: code 2', async (...option) => {
    expect((await run('t,value\n1,2\n', '--horizon', '1', ...option)).code).toBe(2);
  });

  test('a file that is not there: code 2', async () => {
    const args = ['analyze', 'forecast', '--input', 'no.csv', '--horizon', '1', '--json'];
    const { code, json } = await ax(args, { folder: folder.path });
    expect(code).toBe(2);
    expect(json().error.message).toMatch(/no file no\.csv/);
  });
});

describe('for people', () => {
  test('one series is a table with its intervals drawn, no wider than the terminal', async () => {
    const { stdout } = await run(csvOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), '--horizon', '4');
    expect(stdout).toMatch(/●/);
    expect(stdout).toMatch(/Sum of all 4: /);
    expect(stdout).toMatch(/earlier points of this series/);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(110);
  });

  test('many series are a line each', async () => {
    const csv = 'series_id,t,value\na,1,5\na,2,5\nb,1,9\nb,2,9\n';
    const { stdout } = await run(csv, '--horizon', '2');
    expect(stdout.trim().split('\n')).toHaveLength(3);
    expect(stdout).toMatch(/^a\s+10/m);
  });
});
