import { existsSync } from 'node:fs';
import { join } from 'node:path';

export type FoundCredentials = { what: string; remedy: string };

type Env = Record<string, string | undefined>;

/**
 * Real Google credentials that a Google client started with `env` would find: a local cloud with them in reach
 * could one day write to a real one. Looks at names and paths only and reads no file.
 */
export function findRealCredentials(
  env: Env,
  fileExists: (path: string) => boolean = existsSync,
): FoundCredentials[] {
  const found: FoundCredentials[] = [];
  for (const name of ['GOOGLE_APPLICATION_CREDENTIALS', 'google_application_credentials']) {
    if (env[name]) {
      found.push({
        what: `${name} is set (${env[name]})`,
        remedy: `env -u ${name} npm start`,
      });
    }
  }
  const file = applicationDefaultCredentials(env);
  if (file !== undefined && fileExists(file)) {
    found.push({
      what: `application default credentials are in ${file}`,
      remedy: 'CLOUDSDK_CONFIG="$(mktemp -d)" npm start',
    });
  }
  for (const name of ['GCE_METADATA_HOST', 'GCE_METADATA_IP']) {
    if (env[name]) {
      found.push({
        what: `${name} points to a metadata server (${env[name]})`,
        remedy: `env -u ${name} npm start`,
      });
    }
  }
  if (env.METADATA_SERVER_DETECTION === 'assume-present') {
    found.push({
      what: 'METADATA_SERVER_DETECTION says that a metadata server is present',
      remedy: 'METADATA_SERVER_DETECTION=none npm start',
    });
  }
  return found;
}

/** What to tell who has credentials in reach: what was found and the command that leaves it out. */
export function describeCredentials(found: readonly FoundCredentials[]): string {
  return [
    'Real Google Cloud credentials are in reach of the clients; a local cloud does not start beside them:',
    ...found.map(({ what, remedy }) => `  - ${what}\n    start without it:  ${remedy}`),
  ].join('\n');
}

/** Where Google's clients look for the file that `gcloud auth application-default login` writes. */
function applicationDefaultCredentials(env: Env): string | undefined {
  const folder = env.CLOUDSDK_CONFIG ?? (env.HOME && join(env.HOME, '.config', 'gcloud'));
  return folder ? join(folder, 'application_default_credentials.json') : undefined;
}
