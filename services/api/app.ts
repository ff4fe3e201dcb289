import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import { Type } from 'typebox';
import type { Principal, Role } from '../../src/access/authorize.ts';
import { NAME_PATTERN } from '../../src/core/ids.ts';

/** Who may call a route. Every route must say so; one that does not keeps the server from starting. */
export type RouteAccess =
  /** Everybody, without a key and without a rate limit. */
  | { kind: 'public' }
  /** Keys with the role, in the workspace that the path names as `workspaceId`. */
  | { kind: 'workspace'; role: Role }
  /** Keys of the platform with the role. */
  | { kind: 'platform'; role: Role }
  /** Any key with the role; the handler checks every workspace that the request names. */
  | { kind: 'any'; role: Role };

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: RouteAccess;
  }
  interface FastifyRequest {
    /** Null before authentication and on public routes. */
    principal: Principal | null;
  }
}

/** The server as the routes see it: fastify with schemas as types. */
export type ApiApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** Who is calling; for handlers of routes that are not public. */
export function principalOf(request: Pick<FastifyRequest, 'principal'>): Principal {
  if (request.principal === null)
    throw new Error('This route is public: nobody was asked who is calling');
  return request.principal;
}

/** The path parameter of every route within a workspace. */
export const WorkspaceParams = Type.Object({
  workspaceId: Type.String({ pattern: NAME_PATTERN, description: 'The workspace.' }),
});
