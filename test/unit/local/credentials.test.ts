import { describe, expect, test } from '@jest/globals';
import { describeCredentials, findRealCredentials } from '../../../local/credentials.ts';

const nowhere = () => false;

describe('real credentials in reach', () => {
  test('none in a plain environment, also when gcloud is installed but not logged in', () => {
    const env = { HOME: '/home/dev', PATH: '/usr/bin', METADATA_SERVER_DETECTION: 'none' };
    expect(findRealCredentials(env, nowhere)).toEqual([]);
  });

  test.each([
    [{ GOOGLE_APPLICATION_CREDENTIALS: '/keys/prod.json' }, 'GOOGLE_APPLICATION_CREDENTIALS'],
    [{ GCE_METADATA_HOST: '169.254.169.254' }, 'GCE_METADATA_HOST'],
    [{ GCE_METADATA_IP: '169.254.169.254' }, 'GCE_METADATA_IP'],
    [{ METADATA_SERVER_DETECTION: 'assume-present' }, 'METADATA_SERVER_DETECTION'],
  ])('the environment variable in %j', (env, name) => {
    const found = findRealCredentials(env, nowhere);
    expect(found).toHaveLength(1);
    expect(describeCredentials(found)).toMatch(new RegExp(`${name}[\\s\\S]*npm start`));
  });

  test.each([
    ['the home folder', { HOME: '/home/dev' }, '/home/dev/.config/gcloud'],
    ['CLOUDSDK_CONFIG', { HOME: '/home/dev', CLOUDSDK_CONFIG: '/etc/gcloud' }, '/etc/gcloud'],
  ])('the file of gcloud under %s', (_name, env, folder) => {
    const file = `${folder}/application_default_credentials.json`;
    const found = findRealCredentials(env, (path) => path === file);
    expect(found).toEqual([expect.objectContaining({ what: expect.stringContaining(file) })]);
  });

  test('everything found is told at once, each with the command that leaves it out', () => {
    const env = { GOOGLE_APPLICATION_CREDENTIALS: '/k.json', GCE_METADATA_HOST: 'h', HOME: '/h' };
    const text = describeCredentials(findRealCredentials(env, () => true));
    expect(text.match(/start without it:/g)).toHaveLength(3);
  });
});
