import winston from 'winston';

/** Details of a log line. An `Error` anywhere among them is written with its stack, a `bigint` as its digits. */
export type LogFields = Record<string, unknown>;

export type Logger = {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
};

const SEVERITIES: Record<string, string> = { info: 'INFO', warn: 'WARNING', error: 'ERROR' };

/**
 * A logger that prints one JSON line per entry on stdout, as Cloud Run takes them up: `severity`, `message`,
 * `timestamp`, `service`, `version`, and the caller's details under `fields`, where they cannot overwrite the rest.
 * Of an error in `fields.error` the stack is also given as `stack_trace`, where Error Reporting looks for it.
 * Never throws, whatever is in the fields.
 */
export function createLogger(options: { service: string; version?: string }): Logger {
  const { service, version } = options;
  const logger = winston.createLogger({
    level: 'info',
    format: winston.format.printf((info) => {
      const fields = info.fields as LogFields | undefined;
      const head = {
        severity: SEVERITIES[info.level] ?? 'DEFAULT',
        message: info.message,
        timestamp: new Date().toISOString(),
        service,
        version,
        stack_trace: fields?.error instanceof Error ? fields.error.stack : undefined,
      };
      try {
        return JSON.stringify({ ...head, fields }, toJson);
      } catch {
        return JSON.stringify({ ...head, fields: 'not serialisable' });
      }
    }),
    transports: [new winston.transports.Console({ stderrLevels: [] })],
  });
  return {
    info: (message, fields) => void logger.log({ level: 'info', message, fields }),
    warn: (message, fields) => void logger.log({ level: 'warn', message, fields }),
    error: (message, fields) => void logger.log({ level: 'error', message, fields }),
  };
}

function toJson(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (!(value instanceof Error)) return value;
  const { name, message, stack, cause } = value;
  return { name, message, code: (value as { code?: unknown }).code, stack, cause };
}
