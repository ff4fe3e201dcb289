import type { Entry } from './entry.ts';
import type { Quarantined } from './ledger.ts';

const CONFLICT_DETAIL = 'id is already used by an event with other content, which counts instead';

/** Everything of a commit that goes to quarantine: what was malformed already, what the ledger refused, conflicts. Pure. */
export function setAside(parts: {
  malformed: readonly Quarantined[];
  refused: readonly { entry: Entry; detail: string }[];
  conflicts: readonly { entry: Entry }[];
}): Quarantined[] {
  return [
    ...parts.malformed,
    ...parts.refused.map(({ entry, detail }) => toQuarantined(entry, 'refused_by_ledger', detail)),
    ...parts.conflicts.map(({ entry }) => toQuarantined(entry, 'conflict', CONFLICT_DETAIL)),
  ];
}

function toQuarantined(
  entry: Entry,
  reason: 'conflict' | 'refused_by_ledger',
  detail: string,
): Quarantined {
  return {
    reason,
    detail,
    workspaceId: entry.event.workspaceId,
    eventId: entry.entryId,
    contentHash: entry.contentHash,
    payload: JSON.stringify(entry.event),
  };
}
