import { randomUUID } from 'node:crypto';
import type { Resource } from '@opentelemetry/resources';
import {
  ATTR_DEPLOYMENT_ENVIRONMENT_NAME,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
} from '@opentelemetry/semantic-conventions';
import {
  ATTR_CLOUD_AVAILABILITY_ZONE,
  ATTR_CLOUD_REGION,
} from '@opentelemetry/semantic-conventions/incubating';

export type MonitoredResource = { type: 'generic_task'; labels: Record<string, string> };

/**
 * The resource that custom metrics of a process are written to. `cloud_run_revision` is Google's own and not writable.
 * `task_id` is the instance's id, so that no two processes write to one series; where there is none a new one is made, so
 * ask once per process. Empty labels would be refused: what is not known says so.
 */
export function monitoredResourceOf(
  { attributes }: Pick<Resource, 'attributes'>,
  projectId: string,
): MonitoredResource {
  const text = (key: string) => {
    const value = attributes[key];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  return {
    type: 'generic_task',
    labels: {
      project_id: projectId,
      location: text(ATTR_CLOUD_REGION) ?? text(ATTR_CLOUD_AVAILABILITY_ZONE) ?? 'global',
      namespace: text(ATTR_DEPLOYMENT_ENVIRONMENT_NAME) ?? 'unknown',
      job: text(ATTR_SERVICE_NAME) ?? 'unknown',
      task_id: text(ATTR_SERVICE_INSTANCE_ID) ?? randomUUID(),
    },
  };
}
