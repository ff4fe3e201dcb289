/** Cloud Logging's severities that are used here, the most severe first, as winston counts levels. */
export const SEVERITIES = [
  'EMERGENCY',
  'ALERT',
  'CRITICAL',
  'ERROR',
  'WARNING',
  'NOTICE',
  'INFO',
  'DEBUG',
] as const;

export type Severity = (typeof SEVERITIES)[number];

/** The least severe lines that are written. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

const LEVEL_SEVERITY: Record<LogLevel, Severity> = {
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
};

/** Whether lines of the severity are written at the level. */
export function isWritten(severity: Severity, level: LogLevel): boolean {
  return SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(LEVEL_SEVERITY[level]);
}

/** Whether it is something that Error Reporting takes up. */
export function isError(severity: Severity): boolean {
  return SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf('ERROR');
}
