/** The id of an event's repricing; outside the grammar of producers' ids, so that it cannot be an event's. */
export function repricedIdOf(eventId: string): string {
  return `${eventId}~repriced`;
}

/** The id of what takes an entry of the ledger back, an event or its repricing; outside the grammar of producers' ids. */
export function retractedIdOf(entryId: string): string {
  return `${entryId}~retracted`;
}
