import { status } from '@grpc/grpc-js';
import { invalidArgument, PubSubStatus } from './status.ts';

/** What `Subscription.topic` says once the topic is gone. */
export const DELETED_TOPIC = '_deleted-topic_';

const ID_PATTERN = /^(?!goog)[A-Za-z][A-Za-z0-9\-_.~+%]{2,254}$/;

/**
 * Checks `projects/{project}/{kind}/{id}` and returns it unchanged.
 * Throws INVALID_ARGUMENT when it is malformed (ids: 3–255 characters, a letter first, not `goog…`)
 * and NOT_FOUND when it belongs to a project other than the one served.
 */
export function parseResourceName(
  name: string,
  kind: 'topics' | 'subscriptions',
  projectId: string,
  field = 'name',
): string {
  const [projects, project, collection, id, ...rest] = name.split('/');
  const wellFormed =
    projects === 'projects' &&
    project &&
    collection === kind &&
    ID_PATTERN.test(id ?? '') &&
    rest.length === 0;
  if (!wellFormed) throw invalidName(field, name);
  requireProject(project, projectId);
  return name;
}

/** Checks `projects/{project}` and returns it; errors as {@link parseResourceName}. */
export function parseProjectName(name: string, projectId: string): string {
  const match = /^projects\/([^/]+)$/.exec(name);
  if (!match) throw invalidName('name', name);
  requireProject(match[1]!, projectId);
  return name;
}

function requireProject(project: string, projectId: string): void {
  if (project === projectId) return;
  throw new PubSubStatus(
    status.NOT_FOUND,
    `Requested project not found or user does not have access to it (project=${project}). ` +
      'Make sure to specify the unique project identifier and not the Google Cloud Console display name.',
  );
}

function invalidName(field: string, name: string): PubSubStatus {
  return invalidArgument(
    `Invalid resource name given (${field}=${name}). ` +
      'Refer to https://cloud.google.com/pubsub/docs/admin#resource_names for more information.',
  );
}
