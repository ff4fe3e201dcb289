import { beforeEach, describe, expect, test } from '@jest/globals';
import { createAccess } from '../../../src/access/access.ts';
import { authorize, type Role } from '../../../src/access/authorize.ts';
import type { Setting, SettingBody } from '../../../src/settings/kinds.ts';
import type { Settings } from '../../../src/settings/settings.ts';

type Key = Setting<'api-key'>;

let stored: Map<string, Key>;

/** Settings in a map: what access needs of them. */
function createSettingsInMemory() {
  stored = new Map();
  return {
    get: async (_kind: 'api-key', _scope: string, id: string) => stored.get(id),
    list: async () => [...stored.values()],
    put: async (request: { id: string; body: SettingBody<'api-key'>; changedBy: string }) => {
      const { id, body, changedBy } = request;
      const version = (stored.get(id)?.version ?? 0) + 1;
      const setting: Key = { id, version, body, changedBy, changedAt: '2026-11-20T12:00:00Z' };
      stored.set(id, setting);
      return { kind: 'stored' as const, setting };
    },
  } as unknown as Settings;
}

const BOOTSTRAP = 'axk_bootstrap_for_the_first_key_only';
let access: ReturnType<typeof createAccess>;
beforeEach(() => {
  access = createAccess({
    settings: createSettingsInMemory(),
    pepper: 'pepper',
    bootstrapAdminKey: BOOTSTRAP,
    now: () => Date.parse('2026-11-20T12:00:00Z'),
  });
});
const create = (role: Role, workspaceId: string | null = 'acme') =>
  access.createKey({ name: 'a key', role, workspaceId }, 'tester');

describe('keys', () => {
  test('a key carries 256 random bits and says who it is', async () => {
    const { key, record } = await create('read');
    const other = await create('read');
    expect(key).toMatch(new RegExp(`^axk_${record.id}_[A-Za-z0-9_-]{43}$`));
    expect(other.key.split('_').slice(2)).not.toEqual(key.split('_').slice(2));
    expect(await access.authenticate(`Bearer ${key}`)).toEqual({
      kind: 'ok',
      principal: { keyId: record.id, name: 'a key', role: 'read', workspaceId: 'acme' },
    });
  });

  test('neither the key nor its secret is stored or listed, nor is its hash listed', async () => {
    const { key } = await create('admin');
    const secret = key.slice(-43);
    expect(JSON.stringify([...stored.values()])).not.toContain(secret);
    const listed = JSON.stringify(await access.listKeys());
    expect(listed).not.toContain(secret);
    expect(listed).not.toContain('hash');
  });

  test('a list is bound to one workspace when it is asked so', async () => {
    await create('read', 'acme');
    await create('read', 'other');
    await create('read', null);
    expect((await access.listKeys('acme')).map((key) => key.workspaceId)).toEqual(['acme']);
    expect(await access.listKeys()).toHaveLength(3);
  });

  test('a revoked key is denied and stays listed; revoking it again changes nothing', async () => {
    const { key, record } = await create('read');
    const revoked = await access.revokeKey(record.id, 'tester');
    expect(revoked?.revokedAt).toBe('2026-11-20T12:00:00.000Z');
    expect(await access.authenticate(`Bearer ${key}`)).toEqual({
      kind: 'denied',
      reason: 'revoked',
    });
    expect(await access.revokeKey(record.id, 'tester')).toEqual(revoked);
    expect(stored.get(record.id)?.version).toBe(2);
    expect(await access.revokeKey('unknown', 'tester')).toBeUndefined();
  });

  test('a key stored under another pepper is not accepted', async () => {
    const { key } = await create('admin');
    const settings = { get: async (_k: string, _s: string, id: string) => stored.get(id) };
    const now = () => 0;
    const elsewhere = createAccess({ settings: settings as never, pepper: 'other', now });
    expect((await elsewhere.authenticate(`Bearer ${key}`)).kind).toBe('denied');
  });

  test('without a pepper nothing starts', () => {
    const settings = createSettingsInMemory();
    expect(() => createAccess({ settings, pepper: '', now: () => 0 })).toThrow('pepper');
  });
});

describe('authentication', () => {
  test('the bootstrap key is a platform admin, and only when one is configured', async () => {
    expect(await access.authenticate(`Bearer ${BOOTSTRAP}`)).toMatchObject({
      kind: 'ok',
      principal: { role: 'admin', workspaceId: null },
    });
    for (const bootstrapAdminKey of [undefined, '']) {
      const settings = createSettingsInMemory();
      const bare = createAccess({ settings, pepper: 'p', bootstrapAdminKey, now: () => 0 });
      for (const header of [`Bearer ${BOOTSTRAP}`, 'Bearer ', 'Bearer undefined']) {
        expect((await bare.authenticate(header)).kind).toBe('denied');
      }
    }
  });

  test.each([
    ['missing', undefined],
    ['missing', ''],
    ['malformed', 'Bearer'],
    ['malformed', 'Basic YTpi'],
    ['malformed', 'Bearer one two'],
    ['malformed', 'Bearer axk_short'],
    ['malformed', `Bearer ${'x'.repeat(5_000)}`],
    ['malformed', `Bearer axk_${"a' OR 1=1 --".padEnd(20, '0')}_${'s'.repeat(43)}`],
    ['unknown', `Bearer axk_${'0'.repeat(20)}_${'s'.repeat(43)}`],
  ])('a header that is %s is denied: %s', async (reason, header) => {
    expect(await access.authenticate(header)).toEqual({ kind: 'denied', reason });
  });

  test('a key with one character changed is denied', async () => {
    const { key } = await create('admin');
    for (const at of [key.length - 1, key.length - 43, 6]) {
      const changed = key.slice(0, at) + (key[at] === 'a' ? 'b' : 'a') + key.slice(at + 1);
      expect((await access.authenticate(`Bearer ${changed}`)).kind).toBe('denied');
    }
  });
});

describe('authorisation', () => {
  const principal = (role: Role, workspaceId: string | null) => ({
    keyId: 'k',
    name: 'n',
    role,
    workspaceId,
  });

  test.each([
    ['ingest', 'ingest', 'allowed'],
    ['ingest', 'read', 'forbidden'],
    ['ingest', 'admin', 'forbidden'],
    ['read', 'ingest', 'forbidden'],
    ['read', 'read', 'allowed'],
    ['read', 'admin', 'forbidden'],
    ['admin', 'ingest', 'allowed'],
    ['admin', 'read', 'allowed'],
    ['admin', 'admin', 'allowed'],
  ] as const)('%s keys asking for %s rights at home are %s', (role, needed, expected) => {
    expect(authorize(principal(role, 'acme'), 'acme', needed).kind).toBe(expected);
    expect(authorize(principal(role, null), 'acme', needed).kind).toBe(expected);
    expect(authorize(principal(role, null), null, needed).kind).toBe(expected);
  });

  test.each(['ingest', 'read', 'admin'] as const)(
    'another workspace is foreign to a %s key, whatever it asks for',
    (role) => {
      for (const needed of ['ingest', 'read', 'admin'] as const) {
        expect(authorize(principal(role, 'acme'), 'other', needed)).toEqual({ kind: 'foreign' });
      }
    },
  );

  test('the platform is forbidden to a key of a workspace', () => {
    expect(authorize(principal('admin', 'acme'), null, 'read')).toEqual({
      kind: 'forbidden',
      reason: 'platform_only',
    });
  });
});
