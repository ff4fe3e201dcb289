import type { ChannelRef } from './alert-log.ts';

/**
 * The Redis keys of deliveries; all of a workspace share its hash tag. Injective: workspace ids hold no `}`, alert ids and
 * scopes no `/`.
 */
export const outboxKeys = {
  /** Since when Redis remembers, epoch ms: it goes when Redis loses its memory. */
  memory: 'outbox:memory',
  /**
   * Present while the copy is whole: every delivery of the last days that the ledger showed is in it. Holds what `memory`
   * held when the copy was made.
   */
  whole: (workspaceId: string): string => `outbox:{${workspaceId}}:whole`,
  /** Held by whoever rebuilds the copy. */
  rebuild: (workspaceId: string): string => `outbox:{${workspaceId}}:rebuild`,
  /** Where one delivery stands: `<rank>|<JSON>`. */
  delivery: (workspaceId: string, alertId: string, channel: ChannelRef): string =>
    `${deliveryPrefix(workspaceId)}${alertId}${deliverySuffix(channel)}`,
  /** The unfinished deliveries of a channel: alert ids by when they were raised. */
  queue: (workspaceId: string, { scope, id }: ChannelRef): string =>
    `outbox:{${workspaceId}}:q:${scope}/${id}`,
  /** Held by whoever sends to the channel. */
  lock: (workspaceId: string, { scope, id }: ChannelRef): string =>
    `outbox:{${workspaceId}}:l:${scope}/${id}`,
};

/** What comes before the alert id in the key of a delivery. */
export function deliveryPrefix(workspaceId: string): string {
  return `outbox:{${workspaceId}}:d:`;
}

/** What comes after the alert id in the key of a delivery. */
export function deliverySuffix({ scope, id }: ChannelRef): string {
  return `/${scope}/${id}`;
}
