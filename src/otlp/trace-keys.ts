import { PLATFORM_SCOPE } from '../core/ids.ts';

/** Whose traces are kept together: a workspace's, or the platform's, whose spans name their workspaces. */
export function scopeOf(workspaceId: string | null): string {
  return workspaceId ?? PLATFORM_SCOPE;
}

/**
 * The keys of a trace, `otlp:{acme}:t:<trace id>` and so on; all keys of a scope share its hash tag. Neither part can hold a
 * brace or a colon. A tenant that uses another's trace id meets its own keys only.
 */
export function traceKeys(scope: string, traceId: string) {
  return {
    /** Hash: what is known of each span, and of the trace. */
    spans: `otlp:{${scope}}:t:${traceId}`,
    /** Set: spans charged as unknown. */
    unknown: `otlp:{${scope}}:u:${traceId}`,
    /** Set: spans whose events are being taken back. */
    retracting: `otlp:{${scope}}:r:${traceId}`,
  };
}

/** Since when the traces of a scope are remembered, epoch ms. */
export function sinceKey(scope: string): string {
  return `otlp:{${scope}}:since`;
}
