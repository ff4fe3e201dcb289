import { Type } from 'typebox';
import { AppError } from '../../../src/core/errors.ts';
import { NAME_PATTERN, PLATFORM_SCOPE } from '../../../src/core/ids.ts';
import { parseInstant } from '../../../src/core/time.ts';
import { PriceOverrideSchema, type Setting } from '../../../src/settings/kinds.ts';
import type { Settings } from '../../../src/settings/settings.ts';
import { type ApiApp, principalOf, type RouteAccess, WorkspaceParams } from '../app.ts';
import { errorResponses, invalidArgument, notFound } from '../errors.ts';

const OverrideSchema = Type.Object({
  id: Type.String(),
  version: Type.Integer({ description: 'Counts the changes of this override.' }),
  ...PriceOverrideSchema.properties,
  changedBy: Type.String(),
  changedAt: Type.String(),
});
const IdParams = Type.Object({ id: Type.String({ pattern: NAME_PATTERN }) });
const ConditionHeaders = Type.Object({
  'if-match': Type.Optional(
    Type.String({
      pattern: '^"?\\d{1,9}"?$',
      description: 'The version the change builds on, 0 for a new one; absent: overwrite.',
    }),
  ),
});

/** Prices that hold instead of the list's: of a workspace, and of the platform for all that have no own. */
export function registerPriceOverrideRoutes(
  app: ApiApp,
  { settings }: { settings: Settings },
): void {
  for (const place of [
    { prefix: '/v1/workspaces/:workspaceId', access: 'workspace', params: WorkspaceParams },
    { prefix: '/v1', access: 'platform', params: Type.Object({}) },
  ] as const) {
    const access = (role: 'read' | 'admin'): RouteAccess => ({ kind: place.access, role });
    const scopeOf = (params: object): string =>
      'workspaceId' in params ? String(params.workspaceId) : PLATFORM_SCOPE;
    const params = Type.Object({ ...place.params.properties, ...IdParams.properties });

    app.get(
      `${place.prefix}/price-overrides`,
      {
        config: { access: access('read') },
        schema: {
          summary: 'List price overrides',
          tags: ['prices'],
          params: place.params,
          response: {
            200: Type.Object({ overrides: Type.Array(OverrideSchema) }),
            ...errorResponses,
          },
        },
      },
      async (request) => {
        const overrides = await settings.list('price-override', scopeOf(request.params));
        return { overrides: overrides.map(toJson) };
      },
    );

    app.put(
      `${place.prefix}/price-overrides/:id`,
      {
        config: { access: access('admin') },
        schema: {
          summary: 'Set a price override; events priced from now on use it within seconds',
          tags: ['prices'],
          params,
          headers: ConditionHeaders,
          body: PriceOverrideSchema,
          response: { 200: OverrideSchema, ...errorResponses },
        },
      },
      async (request) => {
        requirePeriod(request.body);
        const result = await settings.put({
          kind: 'price-override',
          scope: scopeOf(request.params),
          id: request.params.id,
          body: request.body,
          expectedVersion: expectedVersion(request.headers['if-match']),
          changedBy: principalOf(request).keyId,
        });
        if (result.kind === 'conflict') throw conflict(result.current);
        return toJson(result.setting);
      },
    );

    app.delete(
      `${place.prefix}/price-overrides/:id`,
      {
        config: { access: access('admin') },
        schema: {
          summary: 'Remove a price override',
          tags: ['prices'],
          params,
          headers: ConditionHeaders,
          response: {
            200: Type.Object({ id: Type.String(), version: Type.Integer() }),
            ...errorResponses,
          },
        },
      },
      async (request) => {
        const { id } = request.params;
        const result = await settings.remove({
          kind: 'price-override',
          scope: scopeOf(request.params),
          id,
          expectedVersion: expectedVersion(request.headers['if-match']),
          changedBy: principalOf(request).keyId,
        });
        if (result.kind === 'absent') throw notFound();
        if (result.kind === 'conflict') throw conflict(result.current);
        return { id, version: result.version };
      },
    );
  }
}

function toJson({ id, version, body, changedBy, changedAt }: Setting<'price-override'>) {
  return { id, version, ...body, changedBy, changedAt };
}

function expectedVersion(ifMatch: string | undefined): number | undefined {
  return ifMatch === undefined ? undefined : Number(ifMatch.replaceAll('"', ''));
}

function requirePeriod(period: { validFrom: string; validTo?: string }): void {
  const from = parseInstant(period.validFrom);
  const to = period.validTo === undefined ? Number.POSITIVE_INFINITY : parseInstant(period.validTo);
  const details = [];
  const reason = 'must be an RFC 3339 instant with a zone';
  if (from === undefined) details.push({ field: 'validFrom', reason });
  if (to === undefined) details.push({ field: 'validTo', reason });
  if (from !== undefined && to !== undefined && to <= from) {
    details.push({ field: 'validTo', reason: 'must lie after validFrom' });
  }
  if (details.length > 0) throw invalidArgument('The price override is not valid.', details);
}

function conflict(current: Setting<'price-override'> | undefined): AppError {
  const there = current === undefined ? 'there is none' : `it is at version ${current.version}`;
  return new AppError({
    code: 'conflict',
    message: `The price override was changed by somebody else: ${there}.`,
  });
}
