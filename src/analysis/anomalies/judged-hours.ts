import { DAY_MS, formatInstant, HOUR_MS } from '../../core/time.ts';

/** What is read before the hours that are judged: sixteen days of range, and the seven before them that tell what is usual. */
export const HISTORY_DAYS = 24;

/** Which hours a query judges: complete ones from `judgeFromMs` (inclusive) to `toMs` (exclusive), epoch ms. */
export type JudgedHours = { judgeFromMs: number; toMs: number };

/** The parameters that say so to a query that includes `outside_everything_seen.sql`. */
export function judgedHours({ judgeFromMs, toMs }: JudgedHours) {
  return {
    from: formatInstant(judgeFromMs - HISTORY_DAYS * DAY_MS),
    to: formatInstant(toMs - (toMs % HOUR_MS)),
    judgeFrom: formatInstant(judgeFromMs),
  };
}

/** Their types. */
export const JUDGED_HOURS_TYPES = {
  from: 'TIMESTAMP',
  to: 'TIMESTAMP',
  judgeFrom: 'TIMESTAMP',
} as const;
