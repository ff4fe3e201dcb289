import { type ChannelListener, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { ATTR_DB_OPERATION_NAME, ATTR_DB_SYSTEM_NAME } from '@opentelemetry/semantic-conventions';
import { CLOUD_CALLS, type CloudCall } from '../../cloud/spans.ts';
import type { DatabaseRecord } from './database-record.ts';

/** Tells of the calls of databases that `src/cloud` traces by itself. */
export function watchCloudCalls(options: { onDatabaseCall: (record: DatabaseRecord) => void }): {
  close(): void;
} {
  const onCall: ChannelListener = (message) => {
    const { attributes, durationMs, errorType } = message as CloudCall;
    const system = attributes[ATTR_DB_SYSTEM_NAME];
    const operation = attributes[ATTR_DB_OPERATION_NAME];
    if (typeof system !== 'string' || typeof operation !== 'string') return;
    options.onDatabaseCall({ system, operation, durationMs, errorType });
  };
  subscribe(CLOUD_CALLS, onCall);
  return { close: () => void unsubscribe(CLOUD_CALLS, onCall) };
}
