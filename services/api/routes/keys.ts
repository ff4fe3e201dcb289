import { Type } from 'typebox';
import type { Access } from '../../../src/access/access.ts';
import { authorize } from '../../../src/access/authorize.ts';
import { NAME_PATTERN } from '../../../src/core/ids.ts';
import { ApiKeySchema, RoleSchema } from '../../../src/settings/kinds.ts';
import { type ApiApp, principalOf } from '../app.ts';
import { forbidden } from '../auth.ts';
import { errorResponses, notFound } from '../errors.ts';

const { name, role, workspaceId, createdAt, createdBy, revokedAt } = ApiKeySchema.properties;
const shown = { id: Type.String(), name, role, workspaceId, createdAt };
const KeySchema = Type.Object({ ...shown, createdBy, revokedAt });

/** Makes, lists and revokes API keys: a platform admin's for everybody, a workspace admin's for its workspace. */
export function registerKeyRoutes(app: ApiApp, { access }: { access: Access }): void {
  app.post(
    '/v1/keys',
    {
      config: { access: { kind: 'any', role: 'admin' } },
      schema: {
        summary: 'Make an API key; its text is shown this once',
        tags: ['keys'],
        body: Type.Object(
          { name, role: RoleSchema, workspaceId: Type.Optional(workspaceId) },
          { additionalProperties: false },
        ),
        response: {
          201: Type.Object({ ...shown, key: Type.String({ description: 'The key itself.' }) }),
          ...errorResponses,
        },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const { name, role, workspaceId = principal.workspaceId } = request.body;
      const authorization = authorize(principal, workspaceId, 'admin');
      if (authorization.kind === 'foreign') throw notFound();
      if (authorization.kind === 'forbidden') throw forbidden();
      const { key, record } = await access.createKey({ name, role, workspaceId }, principal.keyId);
      return reply.code(201).send({ ...record, key });
    },
  );

  app.get(
    '/v1/keys',
    {
      config: { access: { kind: 'any', role: 'admin' } },
      schema: {
        summary: 'List API keys, revoked ones included; never their text',
        tags: ['keys'],
        querystring: Type.Object(
          { workspaceId: Type.Optional(Type.String({ pattern: NAME_PATTERN })) },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ keys: Type.Array(KeySchema) }), ...errorResponses },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const workspaceId = request.query.workspaceId ?? principal.workspaceId ?? undefined;
      if (workspaceId !== undefined) {
        if (authorize(principal, workspaceId, 'admin').kind !== 'allowed') throw notFound();
      }
      return { keys: await access.listKeys(workspaceId) };
    },
  );

  app.delete(
    '/v1/keys/:id',
    {
      config: { access: { kind: 'any', role: 'admin' } },
      schema: {
        summary: 'Revoke an API key for good',
        tags: ['keys'],
        params: Type.Object({ id: Type.String({ pattern: NAME_PATTERN }) }),
        response: { 200: KeySchema, ...errorResponses },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const key = await access.getKey(request.params.id);
      if (key === undefined) throw notFound();
      // A key of the platform is as invisible to a workspace's admin as another workspace's.
      if (authorize(principal, key.workspaceId, 'admin').kind !== 'allowed') throw notFound();
      const revoked = await access.revokeKey(key.id, principal.keyId);
      if (revoked === undefined) throw notFound();
      return revoked;
    },
  );
}
