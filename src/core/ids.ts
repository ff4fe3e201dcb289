import { v7 } from 'uuid';

/** What a producer may use as an event's id (DESIGN: unique per workspace). */
export const EVENT_ID_PATTERN = '^[A-Za-z0-9_-]{1,64}$';

/** What may name a workspace, project, card, agent, user or team; safe inside store keys, paths and hash tags. */
export const NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$';

/** The scope of what belongs to the platform instead of a workspace; no workspace can have this name. */
export const PLATFORM_SCOPE = '-';

/** What may name a secret that a setting refers to, and an environment variable too. */
export const SECRET_NAME_PATTERN = '^[A-Za-z][A-Za-z0-9_]{0,63}$';

/** A new event id: UUIDv7, so that ids sort by time and never meet across producers. */
export function createEventId(): string {
  return v7();
}
