import type { Static } from 'typebox';
import type { RoleSchema } from '../settings/kinds.ts';

/** `ingest` sends cost events and nothing else, `read` reads, `admin` does everything, keys included. */
export type Role = Static<typeof RoleSchema>;

/** Who is calling, as its key says. */
export type Principal = {
  keyId: string;
  name: string;
  role: Role;
  /** Null: the platform, which may act in every workspace. */
  workspaceId: string | null;
};

export type Authorization =
  | { kind: 'allowed' }
  /** Another tenant's: to be answered exactly like something that does not exist. */
  | { kind: 'foreign' }
  | { kind: 'forbidden'; reason: 'role' | 'platform_only' };

/**
 * Whether a principal may act with `needed` rights in a workspace; `workspaceId` null asks for the platform
 * itself. Foreign is decided before the role, so that the answer says nothing about other tenants.
 */
export function authorize(
  principal: Principal,
  workspaceId: string | null,
  needed: Role,
): Authorization {
  if (principal.workspaceId !== null && workspaceId !== principal.workspaceId) {
    return workspaceId === null
      ? { kind: 'forbidden', reason: 'platform_only' }
      : { kind: 'foreign' };
  }
  return hasRole(principal, needed) ? { kind: 'allowed' } : { kind: 'forbidden', reason: 'role' };
}

/** Whether the principal's role covers the needed one, in whatever workspace. */
export function hasRole(principal: Principal, needed: Role): boolean {
  return principal.role === 'admin' || principal.role === needed;
}
