import { PLATFORM_SCOPE } from '../core/ids.ts';
import { MINUTE_MS } from '../core/time.ts';

/** What spans are held is counted by the half hour: as long as traces without model calls are remembered. */
export const HELD_EPOCH_MS = 30 * MINUTE_MS;

/** Whose traces are kept together: a workspace's, or the platform's, whose spans name their workspaces. */
export function scopeOf(workspaceId: string | null): string {
  return workspaceId ?? PLATFORM_SCOPE;
}

/**
 * The keys of a trace at an instant (epoch ms), `otlp:{acme}:t:<trace id>` and so on; all keys of a scope share its hash tag. Neither part can hold a
 * brace or a colon. A tenant that uses another's trace id meets its own keys only.
 */
export function traceKeys(scope: string, traceId: string, now: number) {
  const epoch = Math.floor(now / HELD_EPOCH_MS);
  return {
    /** Hash: what is known of each span, and of the trace. */
    spans: `otlp:{${scope}}:t:${traceId}`,
    /** Set: spans charged as unknown. */
    unknown: `otlp:{${scope}}:u:${traceId}`,
    /** Set: spans whose events are being taken back. */
    retracting: `otlp:{${scope}}:r:${traceId}`,
    /** Since when the traces of the scope are remembered, epoch ms. */
    since: `otlp:{${scope}}:since`,
    /** How many spans of the scope were added in this epoch, and in the one before. */
    held: `otlp:{${scope}}:held:${epoch}`,
    heldBefore: `otlp:{${scope}}:held:${epoch - 1}`,
  };
}
