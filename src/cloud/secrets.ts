import { SecretManagerServiceClient } from '@google-cloud/secret-manager';
import { LRUCache } from 'lru-cache';
import { AppError } from '../core/errors.ts';

export type Secrets = ReturnType<typeof createSecrets>;

const KEEP_MS = 300_000;
const KEEP_ABSENT_MS = 10_000;
const MAX_KEPT = 1_000;
const TIMEOUT_MS = 5_000;
const NOT_FOUND = 5;
/** Secret Manager takes no longer ids. */
const MAX_ID_CHARS = 255;

/**
 * The name of a channel's secret in Secret Manager: `channel-<scope>__<name>`. Injective: in the scope every character
 * but letters, digits and `-` is written as `_` and two hex digits, so that `__` can only come after it. A name that a
 * tenant chose can lead to no secret that does not begin like this. Throws `secret_name_too_long` where Secret Manager
 * would take no such id: nobody could create that secret.
 */
export function secretIdOf(scope: string, name: string): string {
  const escaped = scope.replaceAll(
    /[^A-Za-z0-9-]/g,
    (char) => `_${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  const id = `channel-${escaped}__${name}`;
  if (id.length <= MAX_ID_CHARS) return id;
  throw new AppError({
    code: 'secret_name_too_long',
    message: `A secret's id has at most ${MAX_ID_CHARS} characters; ${name} of ${scope} would have ${id.length}`,
  });
}

/**
 * The values of secrets that settings name, never logged and never part of an error. From environment variables where
 * `fromEnvironment` is given, otherwise from Secret Manager, newest version, kept for five minutes (of the names asked for
 * last; tenants choose them, and may choose many).
 */
export function createSecrets({
  projectId,
  fromEnvironment,
  now,
  client,
}: {
  projectId: string;
  fromEnvironment: ((name: string) => string | undefined) | undefined;
  /** Epoch milliseconds. */
  now: () => number;
  /** In place of Google's client. */
  client?: Pick<SecretManagerServiceClient, 'accessSecretVersion'>;
}) {
  const known = new LRUCache<string, { value: string | undefined }>({
    max: MAX_KEPT,
    ttl: KEEP_MS,
    ttlResolution: 0,
    perf: { now },
  });
  let manager = client;

  async function fromManager(secretId: string): Promise<string | undefined> {
    manager ??= new SecretManagerServiceClient({ projectId });
    try {
      const [version] = await manager.accessSecretVersion(
        { name: `projects/${projectId}/secrets/${secretId}/versions/latest` },
        { timeout: TIMEOUT_MS },
      );
      const data = version.payload?.data;
      return data == null ? undefined : Buffer.from(data).toString('utf8').trim();
    } catch (error) {
      if ((error as { code?: unknown }).code === NOT_FOUND) return undefined;
      throw new AppError({
        code: 'secrets_unavailable',
        message: `Secret Manager did not give ${secretId} (code ${(error as { code?: unknown }).code})`,
        publicMessage: 'A secret could not be read.',
        retryable: true,
      });
    }
  }

  return {
    /**
     * The secret of this name in this scope (a workspace id, or `PLATFORM_SCOPE`). Throws `secret_missing`, naming it,
     * when there is none, `secrets_unavailable` (retryable) when it cannot be told, and `secret_name_too_long` when there
     * can be none.
     */
    async get(scope: string, name: string): Promise<string> {
      if (fromEnvironment !== undefined) {
        const value = fromEnvironment(name);
        if (value !== undefined) return value;
        throw missing(`the environment variable ${name}`);
      }
      const secretId = secretIdOf(scope, name);
      let entry = known.get(secretId);
      if (entry === undefined) {
        entry = { value: await fromManager(secretId) };
        known.set(secretId, entry, { ttl: entry.value === undefined ? KEEP_ABSENT_MS : KEEP_MS });
      }
      if (entry.value !== undefined && entry.value !== '') return entry.value;
      throw missing(`the secret ${secretId}`);
    },
  };
}

function missing(what: string): AppError {
  return new AppError({
    code: 'secret_missing',
    message: `There is no value in ${what}`,
    retryable: true,
  });
}
