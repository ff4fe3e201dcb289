import type { Principal } from '../../src/access/authorize.ts';
import type { FieldError } from '../../src/core/errors.ts';
import { parseInstant } from '../../src/core/time.ts';
import { contentHashOf } from '../../src/costs/entry.ts';
import { type CostEvent, MAX_EVENTS_PER_MESSAGE, parseCostEvents } from '../../src/costs/event.ts';

export type AcceptedBatch =
  | { kind: 'accepted'; events: CostEvent[] }
  | { kind: 'invalid'; errors: FieldError[] }
  /** Events that name a workspace the caller does not know of. */
  | { kind: 'foreign'; errors: FieldError[] };

/**
 * All events of a request, or everything that is wrong with them. A workspace's key may leave `workspaceId` out;
 * naming another workspace is `foreign` whatever else is wrong. One id may come twice only with the same content.
 * Pure; `now` is epoch ms.
 */
export function acceptBatch(
  principal: Pick<Principal, 'workspaceId'>,
  body: unknown,
  options: { now: number },
): AcceptedBatch {
  const values = isRecord(body) ? body.events : undefined;
  if (!Array.isArray(values) || values.length === 0 || values.length > MAX_EVENTS_PER_MESSAGE) {
    const reason = `must be an array of 1 to ${MAX_EVENTS_PER_MESSAGE} cost events`;
    return { kind: 'invalid', errors: [{ field: 'events', reason }] };
  }
  const { workspaceId } = principal;
  const own = workspaceId === null ? values : values.map((value) => within(workspaceId, value));
  if (workspaceId !== null) {
    const errors = foreignErrors(workspaceId, own);
    if (errors.length > 0) return { kind: 'foreign', errors };
  }
  const parsed = parseCostEvents(own, options);
  if (parsed.kind === 'invalid') return parsed;
  const errors = repeatErrors(parsed.events);
  if (errors.length > 0) return { kind: 'invalid', errors };
  return { kind: 'accepted', events: parsed.events };
}

function within(workspaceId: string, value: unknown): unknown {
  return isRecord(value) && value.workspaceId === undefined ? { ...value, workspaceId } : value;
}

function foreignErrors(workspaceId: string, values: readonly unknown[]): FieldError[] {
  return values.flatMap((value, index) => {
    const named = isRecord(value) ? value.workspaceId : workspaceId;
    if (typeof named !== 'string' || named === workspaceId) return [];
    return [{ index, field: 'workspaceId', reason: 'not found' }];
  });
}

function repeatErrors(events: readonly CostEvent[]): FieldError[] {
  const first = new Map<string, CostEvent>();
  return events.flatMap((event, index) => {
    const key = `${event.workspaceId}/${event.id}`;
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, event);
    if (earlier === undefined || fingerprint(earlier) === fingerprint(event)) return [];
    return [{ index, field: 'id', reason: 'was used before in this request with other content' }];
  });
}

function fingerprint(event: CostEvent): string {
  return contentHashOf(event, parseInstant(event.timestamp)!);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
