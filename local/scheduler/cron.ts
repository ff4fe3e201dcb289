import { Cron } from 'croner';
import { invalid, unsupported } from './status.ts';

const FIELD =
  /^(?:[\d*,/-]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC|SUN|MON|TUE|WED|THU|FRI|SAT)+$/i;

/** When a job is due: the first time after `afterMs`, in epoch ms; undefined when there is none. */
export type Schedule = { next(afterMs: number): number | undefined };

/**
 * Parses a unix-cron schedule of five fields in an IANA time zone. Throws INVALID_ARGUMENT with the service's text,
 * and UNIMPLEMENTED for its older English-like schedules.
 */
export function parseSchedule(pattern: string, timeZone: string): Schedule {
  if (/^every\b|\bof\b/i.test(pattern)) throw unsupported('An English-like schedule');
  const fields = pattern.trim().split(/\s+/);
  // Croner also knows years, last days and nearest weekdays, which the service does not.
  if (fields.length !== 5 || !fields.every((field) => FIELD.test(field))) throw invalidSchedule();
  try {
    // It looks zones up only when asked for a time.
    new Intl.DateTimeFormat('en', { timeZone });
    const cron = new Cron(fields.join(' '), { timezone: timeZone, mode: '5-part', paused: true });
    return { next: (afterMs) => cron.nextRun(new Date(afterMs))?.getTime() };
  } catch {
    throw invalidSchedule();
  }
}

const invalidSchedule = () => invalid('Schedule or time zone is invalid.');
