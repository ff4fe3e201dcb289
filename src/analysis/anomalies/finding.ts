/** What an hour is, seen from the hours before it. */
export type AnomalyKind = 'spike' | 'drop' | 'level_shift' | 'pattern_change';

/** Which reading of an hour left what had been seen: see docs/adr/0015-anomalies.md. */
export type AnomalySignal = 'level' | 'hour_of_day' | 'step' | 'drift';

/** A row of bigquery/fragments/outside_everything_seen.sql that is an alarm. Values are in the unit of the series. */
export type AnomalyRow = {
  series: string;
  /** Start of the hour, RFC 3339, UTC. */
  hour: string;
  kind: AnomalyKind;
  signal: AnomalySignal;
  value: number;
  /** An alarm from 1 on, at a sensitivity of 1; at most 999. */
  score: number;
  /** How long the range that was left had held, in days; at most 16. */
  days: number;
  low: number;
  high: number;
  /** What the hour is worth on other days; null in a series' first day. */
  usual: number | null;
};

/** An hour worth a look, as `ax analyze anomalies` prints it. */
export type Finding = {
  /** Start of the hour from which on it is so, RFC 3339, UTC. */
  timestamp: string;
  score: number;
  kind: AnomalyKind;
  /** Between what the value would have been nothing new, in the unit of the series. */
  expected: { low: number; high: number };
  /** One English sentence. */
  reason: string;
};

/** The finding in a row; scores are rounded to hundredths, values are as they are. */
export function toFinding(row: AnomalyRow): Finding {
  return {
    timestamp: row.hour,
    score: Math.round(row.score * 100) / 100,
    kind: row.kind,
    expected: { low: row.low, high: row.high },
    reason: explain(row),
  };
}

/** One sentence: what the value is, what it was expected to be, how far outside it is, and since when that held. */
export function explain(row: AnomalyRow): string {
  const { value, low, high, signal } = row;
  const above = value > high;
  const limit = above ? high : low;
  const by = formatValue(Math.abs(value - limit));
  const held = `in ${heldFor(row.days)}`;
  const usual = row.usual === null ? '' : ` (usual at this hour: ${formatValue(row.usual)})`;
  const outside = `${by} ${above ? 'above' : 'below'} the expected ${formatValue(low)} to ${formatValue(high)}`;
  const what = `${formatValue(value)} is ${outside}`;
  switch (signal) {
    case 'level':
      return `${what}: the ${above ? 'highest' : 'lowest'} value ${held}${usual}.`;
    case 'hour_of_day':
      return `${what}: further ${above ? 'above' : 'below'} the same hour of the last 7 days than any hour ${held}${usual}.`;
    case 'step':
      return `${what}: the steepest ${above ? 'rise' : 'fall'} from one hour to the next ${held}${usual}.`;
    case 'drift':
      return `${what}: for 3 hours on average further ${above ? 'above' : 'below'} what is usual than ever ${held}${usual}.`;
  }
}

/** Four digits that count; `1234567` as `1,234,567`. */
export function formatValue(value: number): string {
  const size = Math.abs(value);
  if (size >= 1_000) return Math.round(value).toLocaleString('en-US');
  return size !== 0 && size < 1e-6 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
}

/** `36 hours`, `16 days`. */
export function heldFor(days: number): string {
  const whole = Math.floor(days);
  return whole < 2 ? `${Math.round(days * 24)} hours` : `${whole} days`;
}
