import type { Writable } from 'node:stream';
import { createEntryWriter, type Entry, type EventKind } from './logging/entry.ts';
import { type OutputStats, outputOf } from './logging/output.ts';
import { isWritten, type LogLevel, SEVERITIES, type Severity } from './logging/severity.ts';
import { createWinstonWriter } from './logging/winston.ts';

/** Details of a log line. An `Error` anywhere among them is written with its stack, a `bigint` as its digits. */
export type LogFields = Record<string, unknown>;

/** What most rooms need of a logger. */
export type Logger = {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
};

/** Who did what to what, for the record. Ids rather than names or addresses: addresses are masked. */
export type AuditEvent = {
  /** Who did it, e.g. the id of a key or a service account. */
  actor: string;
  /** What was done, e.g. `budget.set`. */
  action: string;
  /** What it was done to, e.g. `budget/monthly`. */
  target: string;
  outcome: 'allowed' | 'denied' | 'failed';
  workspaceId?: string;
  requestId?: string;
  /** Why, where it was denied or failed. */
  reason?: string;
  details?: LogFields;
};

/** A service's logger. */
export type ServiceLogger = Logger & {
  debug(message: string, fields?: LogFields): void;
  /**
   * A logger that adds these fields to every line; a line's own count where names are the same. They are read when a
   * line is written.
   */
  child(fields: LogFields): ServiceLogger;
  /** Something the business counts, e.g. `card.completed`; severity INFO, written at every level. */
  logBusinessEvent(name: string, fields?: LogFields): void;
  /** Something that matters to security, e.g. `key.denied`; written at every level. Default severity WARNING. */
  logSecurityEvent(name: string, fields?: LogFields, severity?: Severity): void;
  /** An entry of the audit trail; severity NOTICE, or WARNING where it was not allowed or failed; written at every level. */
  logAuditEvent(event: AuditEvent): void;
  /** Resolves once the stream has passed on what was logged, at most after two seconds. Never rejects. */
  flush(): Promise<void>;
  /** What became of the lines of every logger on the same stream. */
  stats(): OutputStats;
};

export type LoggerOptions = {
  service: string;
  version?: string;
  /** The project whose traces lines name, so that Cloud Logging links them. */
  projectId?: string;
  /** The least severe lines that are written. Default `info`. */
  level?: LogLevel;
  /** Fields of what is going on just now, e.g. the request's workspace; asked for each line. Must be cheap. */
  context?: () => LogFields | undefined;
  /** Default stdout. */
  output?: Writable;
  /** Epoch milliseconds. */
  now?: () => number;
};

/**
 * A logger that prints one JSON line per entry on stdout, as Cloud Run takes them up (see `createEntryWriter`): severity,
 * message, time, trace, labels, and the caller's details under `fields`, where they cannot overwrite the rest.
 *
 * Secrets, credentials, prompts, completions and bodies of mails are replaced before anything is queued, by the names of
 * fields and by their looks within texts. An entry stays below 256 KiB; what is cut is marked. When nobody reads the
 * stream, lines beyond 16 MiB are dropped and counted in `stats`. Never throws, never blocks, whatever is in the fields.
 */
export function createLogger(options: LoggerOptions): ServiceLogger {
  const { service, version, projectId, level = 'info', context, now = Date.now } = options;
  const output = outputOf(options.output ?? process.stdout);
  const write = createEntryWriter({ service, version, projectId, now });
  const pass = createWinstonWriter(output);

  /** Whatever it was, it must not become the caller's problem. */
  function guarded(print: () => Entry): void {
    try {
      const entry = print();
      pass(entry.severity, write(entry));
    } catch {
      pass('ERROR', '{"severity":"ERROR","message":"a log line could not be written"}');
    }
  }

  function createWith(base: readonly object[]): ServiceLogger {
    function log(
      severity: Severity,
      message: unknown,
      fields: unknown,
      event?: { kind: EventKind; name: string },
    ): void {
      guarded(() => {
        const parts = [...base];
        const around = context?.();
        if (around !== undefined) parts.unshift(around);
        if (message instanceof Error) parts.push({ error: message });
        if (fields instanceof Error) parts.push({ error: fields });
        else if (isPlain(fields)) parts.push(fields);
        else if (fields !== undefined) parts.push({ value: fields });
        const known = SEVERITIES.includes(severity) ? severity : 'WARNING';
        return { severity: known, message: textOf(message), fields: parts, event };
      });
    }
    const levelled = (severity: Severity) =>
      isWritten(severity, level)
        ? (message: string, fields?: LogFields) => log(severity, message, fields)
        : () => {};

    return {
      debug: levelled('DEBUG'),
      info: levelled('INFO'),
      warn: levelled('WARNING'),
      error: levelled('ERROR'),
      child: (fields) => createWith([...base, fields]),
      logBusinessEvent: (name, fields) => log('INFO', name, fields, { kind: 'business', name }),
      logSecurityEvent: (name, fields, severity = 'WARNING') =>
        log(severity, name, fields, { kind: 'security', name }),
      logAuditEvent(event) {
        const { actor, action, target, outcome } = event;
        const message = `${actor} ${action} ${target}: ${outcome}`;
        const severity = outcome === 'allowed' ? 'NOTICE' : 'WARNING';
        log(severity, message, event, { kind: 'audit', name: action });
      },
      flush: () => output.flush(),
      stats: () => output.stats(),
    };
  }
  return createWith([]);
}

/** Callers in JavaScript may hand over anything. */
function textOf(message: unknown): string {
  return message instanceof Error ? message.message : String(message);
}

function isPlain(fields: unknown): fields is object {
  return Object.prototype.toString.call(fields) === '[object Object]';
}
