import type { LogEntry } from '../logging/entry.ts';
import { SEVERITIES, type Severity } from '../logging/severity.ts';
import type { LogStore } from '../logging/store.ts';
import type { JsonObject } from '../logging/struct.ts';
import { numberOf, oneOf, textOf } from './answers.ts';
import { factsOf, fieldsOf, type LogFacts } from './log-facts.ts';

const MAX_LINES = 1_000;
const MAX_NAMES = 500;
const WORKSPACE_KEYS = ['workspaceId', 'workspace_id', 'agentworks.workspace.id'];
const WORKSPACE_DEPTH = 3;

/** A log entry for the page. */
export type LogLine = {
  id: string;
  timestampMs: number;
  severity: Severity;
  message: string;
  service: string;
  /** Ids only, without the project. */
  traceId?: string;
  spanId?: string;
  workspaceId?: string;
  facts: LogFacts;
  fields: JsonObject;
  /** The entry as Cloud Logging has it. */
  payload: LogEntry;
};

export type LogsView = ReturnType<typeof createLogsView>;

/** The log entries as the page asks for them; remembers which workspaces and services spoke. */
export function createLogsView(store: LogStore) {
  const workspaces = new Set<string>();
  const services = new Set<string>();
  const learn = (entries: readonly LogEntry[]) => {
    for (const entry of entries) {
      remember(services, serviceOf(entry));
      remember(workspaces, workspaceOf(entry));
    }
  };
  learn(store.all());
  store.onChange(learn);

  return {
    /** The newest lines that fit `severity`, `workspace`, `service`, `trace`, `span` and `search`. Throws `AnswerError`. */
    list(query: URLSearchParams) {
      const severity = oneOf(query, 'severity', Object.keys(SEVERITIES) as Severity[]);
      const limit = numberOf(query, 'limit', { fallback: 200, max: MAX_LINES });
      const service = textOf(query, 'service');
      const span = textOf(query, 'span');
      const workspaceId = textOf(query, 'workspace');
      const matching = store
        .list({
          severity,
          trace: textOf(query, 'trace'),
          text: textOf(query, 'search'),
          limit: Number.POSITIVE_INFINITY,
        })
        .filter(
          (entry) =>
            (service === undefined || serviceOf(entry) === service) &&
            (span === undefined || entry.spanId === span) &&
            (workspaceId === undefined || workspaceOf(entry) === workspaceId),
        );
      return {
        logs: matching.slice(0, limit).map(lineOf),
        matching: matching.length,
        kept: store.all().length,
        workspaces: [...workspaces].sort(),
        services: [...services].sort(),
      };
    },
  };
}

/** What the page shows of an entry. Pure. */
export function lineOf(entry: LogEntry): LogLine {
  const { timestamp, insertId, severity, spanId } = entry;
  const traceId = entry.trace?.slice(entry.trace.lastIndexOf('/') + 1);
  const workspaceId = workspaceOf(entry);
  return {
    id: `${timestamp} ${insertId}`,
    timestampMs: Date.parse(timestamp),
    severity,
    message: messageOf(entry),
    service: serviceOf(entry) ?? '',
    ...(traceId && { traceId }),
    ...(spanId && { spanId }),
    ...(workspaceId !== undefined && { workspaceId }),
    facts: factsOf(entry),
    fields: fieldsOf(entry),
    payload: entry,
  };
}

function messageOf({ textPayload, jsonPayload, httpRequest }: LogEntry): string {
  const message = jsonPayload?.message ?? textPayload;
  if (typeof message === 'string') return message;
  if (httpRequest !== undefined) {
    const { requestMethod = '', requestUrl = '', status = '' } = httpRequest;
    return `${requestMethod} ${requestUrl} ${status}`.trim();
  }
  return JSON.stringify(jsonPayload ?? '');
}

function serviceOf({ resource, labels, jsonPayload }: LogEntry): string | undefined {
  const { serviceContext } = (jsonPayload ?? {}) as { serviceContext?: { service?: unknown } };
  const candidates = [resource.labels.service_name, serviceContext?.service, jsonPayload?.service];
  const found = [...candidates, labels.service, resource.labels.job];
  return found.find((name): name is string => typeof name === 'string' && name !== '');
}

function workspaceOf({ labels, jsonPayload }: LogEntry): string | undefined {
  return findWorkspace(labels, 1) ?? findWorkspace(jsonPayload, WORKSPACE_DEPTH);
}

function findWorkspace(value: unknown, depth: number): string | undefined {
  if (typeof value !== 'object' || value === null || depth === 0) return undefined;
  const fields = value as Record<string, unknown>;
  for (const key of WORKSPACE_KEYS) {
    if (typeof fields[key] === 'string' && fields[key] !== '') return fields[key];
  }
  for (const nested of Object.values(fields)) {
    const found = findWorkspace(nested, depth - 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Bounded: whoever logs a new name with every line does not fill the memory. */
function remember(names: Set<string>, name: string | undefined): void {
  if (name !== undefined && names.size < MAX_NAMES) names.add(name);
}
