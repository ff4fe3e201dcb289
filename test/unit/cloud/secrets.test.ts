import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createSecrets, secretIdOf } from '../../../src/cloud/secrets.ts';
import { NAME_PATTERN, PLATFORM_SCOPE, SECRET_NAME_PATTERN } from '../../../src/core/ids.ts';

/** Secret Manager with these secrets; `asked` holds the names that were read. */
function manager(values: Record<string, string>) {
  const asked: string[] = [];
  const client = {
    async accessSecretVersion({ name }: { name: string }) {
      asked.push(name);
      const id = /secrets\/([^/]+)\//.exec(name)![1]!;
      if (id === 'channel-acme__BROKEN') {
        throw Object.assign(new Error('token abc123 expired'), { code: 14 });
      }
      const value = values[id];
      if (value === undefined) throw Object.assign(new Error('not found'), { code: 5 });
      return [{ payload: { data: Buffer.from(value) } }];
    },
  };
  return { client: client as never, asked };
}

describe('a secret of Secret Manager', () => {
  test('is read by its scope and name, newest version, and kept for five minutes', async () => {
    let nowMs = 1;
    const { client, asked } = manager({ channel_: 'x', 'channel-acme__HOOK': 'value\n' });
    const options = { projectId: 'p', fromEnvironment: undefined, now: () => nowMs, client };
    const secrets = createSecrets(options);
    expect(await secrets.get('acme', 'HOOK')).toBe('value');
    nowMs = 300_001;
    expect(await secrets.get('acme', 'HOOK')).toBe('value');
    expect(asked).toEqual(['projects/p/secrets/channel-acme__HOOK/versions/latest']);
    nowMs = 300_002;
    await secrets.get('acme', 'HOOK');
    expect(asked).toHaveLength(2);
  });

  test('that is missing is named, and found soon after it was made', async () => {
    let nowMs = 1;
    const values: Record<string, string> = {};
    const { client } = manager(values);
    const options = { projectId: 'p', fromEnvironment: undefined, now: () => nowMs, client };
    const secrets = createSecrets(options);
    await expect(secrets.get(PLATFORM_SCOPE, 'HOOK')).rejects.toMatchObject({
      code: 'secret_missing',
      message: 'There is no value in the secret channel--__HOOK',
    });
    values['channel--__HOOK'] = 'here';
    nowMs = 10_002;
    expect(await secrets.get(PLATFORM_SCOPE, 'HOOK')).toBe('here');
  });

  test('is kept only among the thousand asked for last', async () => {
    const { client, asked } = manager({});
    const options = { projectId: 'p', fromEnvironment: undefined, now: () => 1, client };
    const secrets = createSecrets(options);
    const ask = (n: number) => secrets.get('acme', `S${n}`).catch(() => {});
    for (let n = 0; n <= 1_000; n += 1) await ask(n);
    await ask(1_000);
    expect(asked).toHaveLength(1_001);
    await ask(0);
    expect(asked).toHaveLength(1_002);
  });

  test('that cannot be read may be read later, and the words of the service are kept out', async () => {
    const { client } = manager({});
    const options = { projectId: 'p', fromEnvironment: undefined, now: () => 0, client };
    const failure = createSecrets(options).get('acme', 'BROKEN');
    await expect(failure).rejects.toMatchObject({ code: 'secrets_unavailable', retryable: true });
    await expect(failure).rejects.not.toThrow('abc123');
  });
});

test('where the environment holds the secrets, nothing else is asked', async () => {
  const { client, asked } = manager({ 'channel-acme__HOOK': 'other' });
  const secrets = createSecrets({
    projectId: 'p',
    fromEnvironment: (name) => (name === 'HOOK' ? 'value' : undefined),
    now: () => 0,
    client,
  });
  expect(await secrets.get('acme', 'HOOK')).toBe('value');
  await expect(secrets.get('acme', 'ELSE')).rejects.toMatchObject({ code: 'secret_missing' });
  expect(asked).toEqual([]);
});

test('a secret that Secret Manager could not hold is refused for good, and names nothing there', async () => {
  const { client, asked } = manager({});
  const scope = `a${'.'.repeat(127)}`;
  const options = { projectId: 'p', fromEnvironment: undefined, now: () => 1, client };
  await expect(createSecrets(options).get(scope, 'HOOK')).rejects.toMatchObject({
    code: 'secret_name_too_long',
    retryable: false,
  });
  expect(asked).toEqual([]);
  const local = createSecrets({ ...options, fromEnvironment: () => 'value' });
  expect(await local.get(scope, 'HOOK')).toBe('value');
});

test('the names of two secrets never meet, and are names that Secret Manager takes', () => {
  const scope = fc.oneof(fc.stringMatching(new RegExp(NAME_PATTERN)), fc.constant(PLATFORM_SCOPE));
  const secret = fc.tuple(scope, fc.stringMatching(new RegExp(SECRET_NAME_PATTERN)));
  fc.assert(
    fc.property(secret, secret, (one, other) => {
      fc.pre(
        [one, other].every(
          ([name]) => name.length + 2 * name.replaceAll(/[A-Za-z0-9-]/g, '').length <= 181,
        ),
      );
      const [id, otherId] = [secretIdOf(...one), secretIdOf(...other)];
      expect(id === otherId).toBe(JSON.stringify(one) === JSON.stringify(other));
      expect(id).toMatch(/^channel-[A-Za-z0-9_-]+$/);
    }),
  );
});
