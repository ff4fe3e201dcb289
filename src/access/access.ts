import { AppError } from '../core/errors.ts';
import { PLATFORM_SCOPE } from '../core/ids.ts';
import { formatInstant } from '../core/time.ts';
import type { Setting } from '../settings/kinds.ts';
import type { Settings } from '../settings/settings.ts';
import type { Principal, Role } from './authorize.ts';
import { createToken, hashToken, sameHash, tokenId } from './token.ts';

/** An API key as it may be shown: without its hash. Times are RFC 3339. */
export type ApiKey = {
  id: string;
  name: string;
  role: Role;
  workspaceId: string | null;
  createdAt: string;
  createdBy: string;
  revokedAt?: string;
};

export type Authentication =
  | { kind: 'ok'; principal: Principal }
  | { kind: 'denied'; reason: 'missing' | 'malformed' | 'unknown' | 'revoked' };

export type Access = ReturnType<typeof createAccess>;

const BEARER = /^Bearer +([^\s]+) *$/i;
const MAX_HEADER_LENGTH = 512;

/**
 * API keys: made, listed and revoked as settings of the platform, and checked. A revoked key stops working within a
 * second everywhere (see `createSettings`). `bootstrapAdminKey` is accepted as a platform admin's without being
 * stored anywhere. Keys never appear in errors.
 */
export function createAccess({
  settings,
  pepper,
  bootstrapAdminKey,
  now,
}: {
  settings: Pick<Settings, 'get' | 'list' | 'put'>;
  pepper: string;
  bootstrapAdminKey?: string;
  /** Epoch milliseconds. */
  now: () => number;
}) {
  if (pepper === '') {
    throw new AppError({ code: 'invalid_configuration', message: 'The pepper of keys is empty' });
  }
  const bootstrapHash =
    bootstrapAdminKey === undefined || bootstrapAdminKey === ''
      ? undefined
      : hashToken(pepper, bootstrapAdminKey);

  return {
    /**
     * Who sends a request with this `Authorization` header. Throws what settings throw when the key cannot be looked
     * up (retryable), which is not the same as a denial.
     */
    async authenticate(header: string | undefined): Promise<Authentication> {
      if (header === undefined || header === '') return { kind: 'denied', reason: 'missing' };
      const token = header.length > MAX_HEADER_LENGTH ? undefined : BEARER.exec(header)?.[1];
      if (token === undefined) return { kind: 'denied', reason: 'malformed' };
      const hash = hashToken(pepper, token);
      if (bootstrapHash !== undefined && sameHash(hash, bootstrapHash)) {
        return { kind: 'ok', principal: BOOTSTRAP_PRINCIPAL };
      }
      const keyId = tokenId(token);
      if (keyId === undefined) return { kind: 'denied', reason: 'malformed' };
      const key = (await settings.get('api-key', PLATFORM_SCOPE, keyId))?.body;
      if (key === undefined || !sameHash(hash, key.hash)) {
        return { kind: 'denied', reason: 'unknown' };
      }
      if (key.revokedAt !== undefined) return { kind: 'denied', reason: 'revoked' };
      const { name, role, workspaceId } = key;
      return { kind: 'ok', principal: { keyId, name, role, workspaceId } };
    },

    /** Makes a key. `key` is its text, to be shown this once: only its hash is kept. Throws what `put` throws. */
    async createKey(
      request: { name: string; role: Role; workspaceId: string | null },
      createdBy: string,
    ): Promise<{ key: string; record: ApiKey }> {
      const { name, role, workspaceId } = request;
      const { id, token } = createToken();
      const hash = hashToken(pepper, token);
      const createdAt = formatInstant(now());
      const result = await settings.put({
        kind: 'api-key',
        scope: PLATFORM_SCOPE,
        id,
        body: { name, role, workspaceId, hash, createdAt, createdBy },
        expectedVersion: 0,
        changedBy: createdBy,
      });
      if (result.kind === 'conflict') throw new Error(`The random key id ${id} is taken`);
      return { key: token, record: toApiKey(result.setting) };
    },

    /** Keys by age, revoked ones included: all of them, or those bound to one workspace. */
    async listKeys(workspaceId?: string): Promise<ApiKey[]> {
      const keys = (await settings.list('api-key', PLATFORM_SCOPE)).map(toApiKey);
      return keys
        .filter((key) => workspaceId === undefined || key.workspaceId === workspaceId)
        .toSorted((a, b) => a.createdAt.localeCompare(b.createdAt) || a.id.localeCompare(b.id));
    },

    /** One key, or undefined. */
    async getKey(id: string): Promise<ApiKey | undefined> {
      const setting = await settings.get('api-key', PLATFORM_SCOPE, id);
      return setting === undefined ? undefined : toApiKey(setting);
    },

    /** Revokes a key for good; undefined when there is none. A second call changes nothing. Throws what `put` throws. */
    async revokeKey(id: string, revokedBy: string): Promise<ApiKey | undefined> {
      const setting = await settings.get('api-key', PLATFORM_SCOPE, id);
      if (setting === undefined) return undefined;
      if (setting.body.revokedAt !== undefined) return toApiKey(setting);
      const result = await settings.put({
        kind: 'api-key',
        scope: PLATFORM_SCOPE,
        id,
        body: { ...setting.body, revokedAt: formatInstant(now()) },
        expectedVersion: setting.version,
        changedBy: revokedBy,
      });
      if (result.kind === 'stored') return toApiKey(result.setting);
      // The only other change a key knows is its revocation by somebody else.
      return result.current === undefined ? undefined : toApiKey(result.current);
    },
  };
}

const BOOTSTRAP_PRINCIPAL: Principal = {
  keyId: 'bootstrap',
  name: 'bootstrap',
  role: 'admin',
  workspaceId: null,
};

function toApiKey({ id, body }: Setting<'api-key'>): ApiKey {
  const { hash: _, ...shown } = body;
  return { id, ...shown };
}
