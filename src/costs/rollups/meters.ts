import { hash } from 'node:crypto';
import type { NanoUsd } from '../../core/money.ts';
import type { Calendar, Span } from '../../core/periods.ts';
import type { CostEvent } from '../event.ts';

/** Whose costs a meter sums: all of a workspace, or what is attributed to one value of one dimension. */
export type MeterScope =
  | { dimension: 'workspace' }
  | {
      dimension: 'project' | 'agent' | 'model' | 'provider' | 'user' | 'team';
      value: string;
    }
  | { dimension: 'label'; key: string; value: string };

/**
 * A sum that a workspace's projection keeps beside its buckets, because no buckets add up to it: the costs of one
 * scope per period of one calendar. Equal scopes and calendars are one meter, whoever asks for it.
 */
export type Meter = {
  /** Follows from scope and calendar. */
  id: string;
  scope: MeterScope;
  calendar: Calendar;
};

/** What one counted batch did to one period of a meter: its sum before and after. */
export type Movement = { meter: Meter; span: Span; before: NanoUsd; after: NanoUsd };

/** The meter of a scope in a calendar. */
export function createMeter(scope: MeterScope, calendar: Calendar): Meter {
  const id = hash('sha256', JSON.stringify([identityOf(scope), identityOf(calendar)]), 'base64url');
  return { id: id.slice(0, 16), scope, calendar };
}

/** Whether the costs of an event are the scope's. */
export function isInScope(scope: MeterScope, event: CostEvent): boolean {
  switch (scope.dimension) {
    case 'workspace':
      return true;
    case 'project':
      return event.projectId === scope.value;
    case 'agent':
      return event.agentId === scope.value;
    case 'model':
      return event.model === scope.value;
    case 'provider':
      return event.provider === scope.value;
    case 'user':
      return event.userId === scope.value;
    case 'team':
      return event.teamId === scope.value;
    case 'label':
      return event.labels !== undefined && event.labels[scope.key] === scope.value;
  }
}

/** The same for equal objects, whatever the order of their fields. */
function identityOf(fields: object): [string, unknown][] {
  return Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
