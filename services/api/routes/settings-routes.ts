import { type Static, type TObject, type TSchema, Type } from 'typebox';
import { AppError, type FieldError } from '../../../src/core/errors.ts';
import { NAME_PATTERN, PLATFORM_SCOPE } from '../../../src/core/ids.ts';
import { VERSION_PATTERN } from '../../../src/core/patterns.ts';
import { schemaFieldErrors } from '../../../src/core/schema-words.ts';
import type { Setting, SettingBody, SettingKind } from '../../../src/settings/kinds.ts';
import type { Settings } from '../../../src/settings/settings.ts';
import { type ApiApp, principalOf, type RouteAccess, WorkspaceParams } from '../app.ts';
import { validationErrors } from '../choices.ts';
import { errorResponses, invalidArgument, notFound } from '../errors.ts';

/** Path parameters of one setting. */
export const IdParams = Type.Object({ id: Type.String({ pattern: NAME_PATTERN }) });

/** The condition of a change. */
export const ConditionHeaders = Type.Object({
  'if-match': Type.Optional(
    Type.String({
      pattern: VERSION_PATTERN,
      description: 'The version the change builds on, 0 for a new one; absent: overwrite.',
    }),
  ),
});

/** What a kind of setting is in the API. */
export type SettingRoutes<K extends SettingKind, Input extends TSchema> = {
  kind: K;
  /** Where its routes lie below `/v1` and `/v1/workspaces/:workspaceId`, and under which name a list answers. */
  path: string;
  listName: string;
  /** In messages, e.g. `budget`. */
  noun: string;
  tag: string;
  places: readonly ('workspace' | 'platform')[];
  /** The body that a PUT takes. */
  input: Input;
  /** The fields of what is stored and shown. */
  shown: TObject['properties'];
  /** The body to store, defaults filled in. */
  complete: (input: Static<Input>) => SettingBody<K>;
  /** What no schema says; empty: it may be stored. */
  check?: (scope: string, body: SettingBody<K>, id: string) => FieldError[] | Promise<FieldError[]>;
  /** Why it must stay; empty: it may go. */
  checkRemoval?: (scope: string, id: string) => Promise<FieldError[]>;
  /** How many one workspace may have; a little more where several are made at the same moment. */
  maxPerScope?: number;
  /** Called once the change is stored; must not throw. `id` is absent after a removal. */
  onChanged?: (scope: string, id?: string) => Promise<void>;
};

/**
 * List, get, set and remove for one kind of setting: those of a workspace, and of the platform where it has some.
 * Changes are conditional on a version with If-Match; a lost race is a 409 that names the current version.
 */
export function registerSettingRoutes<K extends SettingKind, Input extends TSchema>(
  app: ApiApp,
  settings: Settings,
  routes: SettingRoutes<K, Input>,
): void {
  for (const place of routes.places) registerPlace(app, settings, routes, place);
}

function registerPlace<K extends SettingKind, Input extends TSchema>(
  app: ApiApp,
  settings: Settings,
  routes: SettingRoutes<K, Input>,
  place: 'workspace' | 'platform',
): void {
  const { kind, noun, tag } = routes;
  const prefix = place === 'workspace' ? '/v1/workspaces/:workspaceId' : '/v1';
  const placeParams = place === 'workspace' ? WorkspaceParams : Type.Object({});
  const params = Type.Object({ ...placeParams.properties, ...IdParams.properties });
  const whose = place === 'workspace' ? '' : ' of the platform';
  const access = (role: 'read' | 'admin'): { access: RouteAccess } => ({
    access: { kind: place, role },
  });
  // Widened: what a generic kind's answers look like is for the schema to say, not for the compiler.
  const shown: TSchema = shownSchema(routes.shown);
  const list: TSchema = Type.Object({ [routes.listName]: Type.Array(shown) });
  const input: TSchema = routes.input;
  const url = `${prefix}/${routes.path}`;

  app.get(
    url,
    {
      config: access('read'),
      schema: {
        summary: `List the ${noun}s${whose}`,
        tags: [tag],
        params: placeParams,
        response: { 200: list, ...errorResponses },
      },
    },
    async (request) => {
      const all = await settings.list(kind, scopeOf(request.params));
      return { [routes.listName]: all.map(toJson) };
    },
  );

  app.get(
    `${url}/:id`,
    {
      config: access('read'),
      schema: {
        summary: `One ${noun}${whose}`,
        tags: [tag],
        params,
        response: { 200: shown, ...errorResponses },
      },
    },
    async (request) => {
      const setting = await settings.get(kind, scopeOf(request.params), idOf(request.params));
      if (setting === undefined) throw notFound();
      return toJson(setting);
    },
  );

  app.put(
    `${url}/:id`,
    {
      config: access('admin'),
      attachValidation: true,
      schema: {
        summary: `Set a ${noun}${whose}`,
        tags: [tag],
        params,
        headers: ConditionHeaders,
        body: input,
        response: { 200: shown, ...errorResponses },
      },
    },
    async (request) => {
      requireValid(request, input);
      const { id, scope } = { id: idOf(request.params), scope: scopeOf(request.params) };
      const body = routes.complete(request.body as Static<Input>);
      const details = (await routes.check?.(scope, body, id)) ?? [];
      if (details.length > 0) throw invalidArgument(`The ${noun} is not valid.`, details);
      await requireRoom(scope, id);
      const expectedVersion = expectedVersionOf(request.headers);
      const changedBy = principalOf(request).keyId;
      const result = await settings.put({ kind, scope, id, body, expectedVersion, changedBy });
      if (result.kind === 'conflict')
        throw conflict(`${noun} ${id}`, expectedVersion, result.current);
      await routes.onChanged?.(scope, id);
      return toJson(result.setting);
    },
  );

  app.delete(
    `${url}/:id`,
    {
      config: access('admin'),
      schema: {
        summary: `Remove a ${noun}${whose}`,
        tags: [tag],
        params,
        headers: ConditionHeaders,
        response: {
          200: Type.Object({ id: Type.String(), version: Type.Integer() }),
          ...errorResponses,
        },
      },
    },
    async (request) => {
      const { id, scope } = { id: idOf(request.params), scope: scopeOf(request.params) };
      const details = (await routes.checkRemoval?.(scope, id)) ?? [];
      if (details.length > 0) throw invalidArgument(`The ${noun} is still needed.`, details);
      const expectedVersion = expectedVersionOf(request.headers);
      const changedBy = principalOf(request).keyId;
      const result = await settings.remove({ kind, scope, id, expectedVersion, changedBy });
      if (result.kind === 'absent') throw notFound();
      if (result.kind === 'conflict')
        throw conflict(`${noun} ${id}`, expectedVersion, result.current);
      await routes.onChanged?.(scope);
      return { id, version: result.version };
    },
  );

  async function requireRoom(scope: string, id: string): Promise<void> {
    const { maxPerScope } = routes;
    if (maxPerScope === undefined) return;
    const all = await settings.list(kind, scope, { fresh: true });
    if (all.length < maxPerScope || all.some((one) => one.id === id)) return;
    const reason = `is one too many: there are ${maxPerScope} ${noun}s already, and no more are allowed`;
    throw invalidArgument(`There is no room for another ${noun}.`, [{ field: 'id', reason }]);
  }
}

/** Throws what validation found in a request whose route has `attachValidation`; the body's faults by their shape. */
export function requireValid(
  request: { validationError?: Error & { validationContext?: string }; body: unknown },
  input: TSchema,
): void {
  const { validationError } = request;
  if (validationError === undefined) return;
  if (validationError.validationContext !== 'body') throw validationError;
  const details = schemaFieldErrors(validationErrors(input, request.body), 'body');
  if (details.length === 0) throw validationError;
  throw invalidArgument('The request is not valid.', details);
}

/** A stored setting as answers show it: its body beside who changed it and when. */
export function toJson<K extends SettingKind>(setting: Setting<K>) {
  const { id, version, body, changedBy, changedAt } = setting;
  return { id, version, ...body, changedBy, changedAt };
}

/** The schema of what `toJson` gives. */
function shownSchema(fields: TObject['properties']) {
  return Type.Object({
    id: Type.String(),
    version: Type.Integer({ description: 'Counts the changes; for If-Match.' }),
    ...fields,
    changedBy: Type.String(),
    changedAt: Type.String(),
  });
}

/** The version that If-Match names, or undefined without one. */
export function expectedVersionOf(headers: { 'if-match'?: string }): number | undefined {
  const ifMatch = headers['if-match'];
  return ifMatch === undefined ? undefined : Number(ifMatch.replaceAll('"', ''));
}

/** The answer to a change of `what` (`budget b1`) that builds on another version than the one in force. */
export function conflict(
  what: string,
  expectedVersion: number | undefined,
  current: { version: number } | undefined,
): AppError {
  const version = current?.version ?? 0;
  const not =
    expectedVersion === undefined || expectedVersion === version ? '' : `, not ${expectedVersion}`;
  const message =
    current === undefined
      ? `There is no ${what}; its version is 0${not}.`
      : `The ${what} is at version ${version}${not}; look at it and set it again.`;
  return new AppError({ code: 'conflict', message });
}

function scopeOf(params: unknown): string {
  return (params as { workspaceId?: string }).workspaceId ?? PLATFORM_SCOPE;
}

function idOf(params: unknown): string {
  return (params as { id: string }).id;
}
