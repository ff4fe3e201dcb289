import { unsupported } from '../../errors.ts';
import { sqlString } from '../typed.ts';

// https://cloud.google.com/bigquery/docs/reference/standard-sql/format-elements#format_elements_date_time
const SAME = [
  'Y',
  'm',
  'd',
  'H',
  'I',
  'M',
  'S',
  'p',
  'A',
  'a',
  'B',
  'b',
  'y',
  'j',
  'u',
  'w',
  'G',
  'V',
  '%',
];
const EXPANDED: Record<string, string> = {
  F: '%Y-%m-%d',
  T: '%H:%M:%S',
  R: '%H:%M',
  D: '%m/%d/%y',
  h: '%b',
};
const ELEMENT = /%(E\*S|E\dS|Ez|.)|[^%]+|%$/gs;

/** DuckDB SQL that formats a TIMESTAMP or DATE in UTC. Elements without an equal in DuckDB are refused by name. */
export function strftime(sql: string, format: string, name: string): string {
  const pieces: string[] = [];
  let literal = '';
  const flush = () => {
    if (literal !== '') pieces.push(`strftime(${sql}, ${sqlString(literal)})`);
    literal = '';
  };
  for (const [whole, element] of format.matchAll(ELEMENT)) {
    if (element === undefined) literal += whole.replaceAll('%', '%%');
    else if (SAME.includes(element)) literal += whole;
    else if (EXPANDED[element] !== undefined) literal += EXPANDED[element];
    else if (element === 'Z') literal += 'UTC';
    else if (element === 'z') literal += '+0000';
    else if (element === 'Ez') literal += '+00:00';
    else if (element === 'E6S') literal += '%S.%f';
    else if (element === 'E3S') literal += '%S.%g';
    else if (element === 'E*S') {
      // Seconds with as many decimals as the value has.
      flush();
      pieces.push(`rtrim(rtrim(strftime(${sql}, '%S.%f'), '0'), '.')`);
    } else if (element === 's') {
      flush();
      pieces.push(`CAST(epoch_us(CAST(${sql} AS TIMESTAMP)) // 1000000 AS VARCHAR)`);
    } else throw unsupported(`Format element %${element} of ${name}`);
  }
  flush();
  return pieces.length === 0 ? `''` : `(${pieces.join(' || ')})`;
}

const PARSED = ['Y', 'm', 'd', 'H', 'M', 'S', 'y', 'j', '%'];

/** A GoogleSQL parse format as DuckDB's strptime takes it. */
export function strptime(format: string, name: string): string {
  return format.replaceAll(ELEMENT, (whole, element: string | undefined) => {
    if (element === undefined) return whole;
    if (PARSED.includes(element)) return whole;
    if (EXPANDED[element] !== undefined && element !== 'h') return EXPANDED[element];
    if (element === 'E*S' || element === 'E6S') return '%S.%f';
    throw unsupported(`Format element %${element} of ${name}`);
  });
}
