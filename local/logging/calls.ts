import { status } from '@grpc/grpc-js';
import type { UnaryCalls } from '../grpc/server.ts';
import { GrpcStatus, invalidArgument } from '../grpc/status.ts';
import { type LogEntry, writeEntry } from './entry.ts';
import { parseLogFilter } from './filter.ts';
import { byTime, type LogStore } from './store.ts';

const DEFAULT_PAGE = 50;
const MAX_PAGE = 1_000;

type ListRequest = {
  resourceNames: string[];
  filter: string;
  orderBy: string;
  pageSize: number;
  pageToken: string;
};

/** The reading calls of `google.logging.v2.LoggingServiceV2`, and DeleteLog. */
export function createReadCalls(store: LogStore, projectId: string): UnaryCalls {
  const parent = `projects/${projectId}`;

  function requireProject(name: string): void {
    if (name === parent || name.startsWith(`${parent}/`)) return;
    const text = `Permission denied for '${name}' (or it may not exist).`;
    throw new GrpcStatus(status.PERMISSION_DENIED, text);
  }

  return {
    ListLogEntries({ resourceNames, filter, orderBy, pageSize, pageToken }: ListRequest) {
      if (resourceNames.length === 0) throw invalidArgument('Request was missing resource_names.');
      for (const name of resourceNames) requireProject(name);
      if (pageSize < 0 || pageSize > MAX_PAGE) {
        throw invalidArgument(`page_size must be between 0 and ${MAX_PAGE}, not ${pageSize}.`);
      }
      const descending = isDescending(orderBy);
      const order = (a: LogEntry, b: LogEntry) => (descending ? byTime(b, a) : byTime(a, b));
      const after = readToken(pageToken);
      const found = store
        .all()
        .filter(parseLogFilter(filter))
        .filter((entry) => after === undefined || order(entry, after) > 0)
        .sort(order);
      const size = pageSize || DEFAULT_PAGE;
      const page = found.slice(0, size);
      return {
        entries: page.map(writeEntry),
        nextPageToken: found.length > size ? tokenOf(page.at(-1)!) : '',
      };
    },

    ListLogs({ parent: of, pageSize, pageToken }: ListRequest & { parent: string }) {
      requireProject(of);
      const names = [...new Set(store.all().map(({ logName }) => logName))].sort();
      const left = names.filter((name) => name > pageToken);
      const size = pageSize > 0 ? Math.min(pageSize, MAX_PAGE) : DEFAULT_PAGE;
      const logNames = left.slice(0, size);
      return { logNames, nextPageToken: left.length > size ? logNames.at(-1) : '' };
    },

    DeleteLog({ logName }: { logName: string }) {
      requireProject(logName);
      if (store.deleteLog(logName)) return {};
      throw new GrpcStatus(status.NOT_FOUND, `Log ${logName} does not exist.`);
    },
  };
}

function isDescending(orderBy: string): boolean {
  const [field = 'timestamp', direction = 'asc', ...more] = orderBy.split(/\s+/).filter(Boolean);
  if (field === 'timestamp' && ['asc', 'desc'].includes(direction) && more.length === 0) {
    return direction === 'desc';
  }
  throw invalidArgument(`order_by must be "timestamp asc" or "timestamp desc", not "${orderBy}".`);
}

/** A page ends after an entry, so that entries which come meanwhile do not shift the next one. */
function tokenOf({ timestamp, insertId }: LogEntry): string {
  return Buffer.from(JSON.stringify({ timestamp, insertId })).toString('base64url');
}

function readToken(token: string): LogEntry | undefined {
  if (token === '') return undefined;
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString()) as LogEntry;
  } catch {
    throw invalidArgument('page_token is not one that was given out.');
  }
}
