/** The severities of log entries with their numbers. */
export const SEVERITIES = {
  DEFAULT: 0,
  DEBUG: 100,
  INFO: 200,
  NOTICE: 300,
  WARNING: 400,
  ERROR: 500,
  CRITICAL: 600,
  ALERT: 700,
  EMERGENCY: 800,
} as const;

export type Severity = keyof typeof SEVERITIES;

/** Spellings of other loggers that the logging agent takes as well. */
const OTHER_NAMES: Record<string, Severity> = {
  TRACE: 'DEBUG',
  FINE: 'DEBUG',
  INFORMATION: 'INFO',
  CONFIG: 'INFO',
  WARN: 'WARNING',
  SEVERE: 'ERROR',
  ERR: 'ERROR',
  FATAL: 'CRITICAL',
  CRIT: 'CRITICAL',
  EMERG: 'EMERGENCY',
};

/** The severity of that name, in any case, or number; undefined when it is none. */
export function parseSeverity(given: string | number): Severity | undefined {
  if (typeof given === 'number' || /^\d+$/.test(given)) {
    const rank = Number(given);
    return (Object.keys(SEVERITIES) as Severity[]).findLast((name) => SEVERITIES[name] <= rank);
  }
  const name = given.toUpperCase();
  if (Object.hasOwn(SEVERITIES, name)) return name as Severity;
  return Object.hasOwn(OTHER_NAMES, name) ? OTHER_NAMES[name] : undefined;
}
