import { v7 } from 'uuid';

/** What a producer may use as an event's id (DESIGN: unique per workspace). */
export const EVENT_ID_PATTERN = '^[A-Za-z0-9_-]{1,64}$';

/** What may name a workspace, project, card, agent, user or team; safe inside store keys, paths and hash tags. */
export const NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$';

/** A new event id: UUIDv7, so that ids sort by time and never meet across producers. */
export function createEventId(): string {
  return v7();
}
