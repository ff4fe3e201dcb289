import { AppError, type FieldError } from '../core/errors.ts';
import { fillGaps } from '../costs/forecast/gaps.ts';
import { parseTick, type Step, stepOf, type Tick } from './analyze-forecast-time.ts';
import { invalidInput } from './exit.ts';
import { refusedValues } from './refused-values.ts';
import { openContent, unreadable } from './replay/content.ts';
import { readCsv } from './replay/csv.ts';

/** A series of values ≥ 0 at equal steps, without gaps. */
export type TimedSeries = {
  /** Its `series_id`; undefined where the file has no such column. */
  id: string | undefined;
  values: number[];
  /** How many of the values were missing in the file and are made up from their neighbours. */
  filled: number;
  /** The season that its step suggests, in values; undefined: nothing is known of it. */
  season: number | undefined;
  /** The time of a step after the series, from 0, written as the file writes times. */
  timeOf(step: number): string | number;
};

/** A row of a series; without a value it is a gap, and still says something about the step. */
type Row = { line: number; column: string; tick: Tick; value: number | undefined };
type Fields = { t?: string; timestamp?: string; value: string; series_id?: string };

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const MISSING = /^(nan|na|null|none)?$/i;

/** A tick this share of a step away from its slot is still in it. */
const TOLERANCE = 0.45;

/** More slots than this for each value, and the step was none. */
const MOST_SLOTS_PER_VALUE = 10;

/**
 * Reads series from CSV, gzipped or not: `value`, `t` or `timestamp`, and `series_id` where there are several, in any order.
 * Empty values are gaps; a series of nothing else is left out. Throws `invalid_input` naming file, line and column: of values that are no numbers or negative, of times
 * that are none, come twice or are not at equal steps.
 */
export async function readTimedSeries(file: string): Promise<TimedSeries[]> {
  const groups = await readRows(file);
  const series = [...groups].map(([id, rows]) => toSeries(file, id, rows));
  const known = series.filter((one) => one !== undefined);
  if (known.length === 0) throw invalidInput(`${file} holds no values.`);
  return known;
}

async function readRows(file: string): Promise<Map<string | undefined, Row[]>> {
  const groups = new Map<string | undefined, Row[]>();
  const errors: FieldError[] = [];
  try {
    for await (const record of readCsv(await openContent(file), ['value'])) {
      const { line } = record;
      const fields = record.fields as Fields;
      const column = fields.t === undefined ? 'timestamp' : 't';
      const time = fields[column];
      if (time === undefined) throw invalidInput('The header has no column t or timestamp.');
      const wrong = (name: string, text: string, reason: string) =>
        errors.push({
          field: `line ${line}, ${name}`,
          reason: `${JSON.stringify(text)} ${reason}`,
        });
      const tick = parseTick(time);
      if (tick === undefined) wrong(column, time, 'is neither a number nor a time');
      const text = fields.value;
      const value = MISSING.test(text) ? undefined : NUMBER.test(text) ? Number(text) : Number.NaN;
      if (value !== undefined && !Number.isFinite(value)) wrong('value', text, 'is not a number');
      else if (value !== undefined && value < 0) wrong('value', text, 'is negative');
      if (tick === undefined) continue;
      const rows = groups.get(fields.series_id);
      if (rows === undefined) groups.set(fields.series_id, [{ line, column, tick, value }]);
      else if (rows[0]!.tick.kind === tick.kind) rows.push({ line, column, tick, value });
      else wrong(column, time, `is not of the kind of line ${rows[0]!.line}`);
    }
  } catch (error) {
    if (error instanceof AppError) throw invalidInput(`${file}: ${error.message}`);
    throw unreadable(file, error);
  }
  if (errors.length === 0) return groups;
  throw refusedValues(file, errors, 'nothing was forecast');
}

/** Undefined for a series of gaps alone. */
function toSeries(
  file: string,
  id: string | undefined,
  unsorted: readonly Row[],
): TimedSeries | undefined {
  const rows = unsorted.toSorted((a, b) => a.tick.at - b.tick.at);
  const refuse = (line: number, reason: string) =>
    invalidInput(`${file}, line ${line}, column ${rows[0]!.column}: ${reason}`);
  const first = rows.findIndex(({ value }) => value !== undefined);
  if (first < 0) return undefined;
  const ticks = rows.slice(first).map(({ tick }) => tick);
  const step = stepOf(ticks);
  const sums = new Map<number, { sum: number; count: number }>();
  let last = ticks[0]!;
  rows.slice(first).forEach(({ line, tick, value }, at) => {
    const before = rows[first + at - 1];
    if (before?.tick.at === tick.at) {
      throw refuse(line, `the time of line ${before.line} comes again${ofSeries(id)}.`);
    }
    const exact = step.slotOf(tick);
    const slot = Math.round(exact);
    if (Math.abs(exact - slot) > TOLERANCE || slot > MOST_SLOTS_PER_VALUE * rows.length + 100) {
      throw refuse(line, `the times${ofSeries(id)} are not at equal steps.`);
    }
    if (value === undefined) return;
    last = tick;
    // Clocks drift: two values of one step are averaged.
    const { sum, count } = sums.get(slot) ?? { sum: 0, count: 0 };
    sums.set(slot, { sum: sum + value, count: count + 1 });
  });
  return spread(id, sums, step, last);
}

function spread(
  id: string | undefined,
  sums: ReadonlyMap<number, { sum: number; count: number }>,
  step: Step,
  last: Tick,
): TimedSeries {
  const end = Math.round(step.slotOf(last));
  const slots = Array.from({ length: end + 1 }, (_, slot) => {
    const here = sums.get(slot);
    return here && here.sum / here.count;
  });
  // Drift, if any, goes on from where the series is now.
  const drift = last.at - step.placeOf(end);
  return {
    id,
    values: fillGaps(slots, step.season ?? 1),
    filled: slots.length - sums.size,
    season: step.season,
    timeOf: (ahead) => last.write(step.placeOf(end + 1 + ahead) + drift),
  };
}

const ofSeries = (id: string | undefined) => (id === undefined ? '' : ` of series ${id}`);
