import type { Backlog } from './backlog.ts';
import { invalidArgument } from './status.ts';

/** Checks that the ids are of this subscription's making (they may have run out); INVALID_ARGUMENT names the first that is not. */
export function parseAckIds(ackIds: string[], subscription: string): string[] {
  if (ackIds.length === 0) {
    throw invalidArgument('You have not specified an ack ID in the request.');
  }
  const prefix = `${subscription}:`;
  for (const ackId of ackIds) {
    if (!ackId.startsWith(prefix) || !/^\d+$/.test(ackId.slice(prefix.length))) {
      throw invalidArgument(`You have passed an invalid ack ID to the service (ack_id=${ackId}).`);
    }
  }
  return ackIds;
}

/** Sets each lease to end so many seconds (0–600) from now; 0 is a negative acknowledgement. All or nothing. */
export function modifyAckDeadlines(
  backlog: Backlog,
  ackIds: string[],
  secondsOf: (index: number) => number,
  now: () => number,
): void {
  const seconds = ackIds.map((_, index) => secondsOf(index));
  for (const each of seconds) {
    if (each < 0 || each > 600) {
      throw invalidArgument(
        `Invalid ack deadline given (ack_deadline=${each}). The ack deadline must be between 0 and 600 seconds.`,
      );
    }
  }
  for (const [index, ackId] of ackIds.entries()) {
    if (seconds[index] === 0) backlog.nack(ackId);
    else backlog.extend(ackId, now() + seconds[index]! * 1000);
  }
}
