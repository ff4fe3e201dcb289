import { randomUUID } from 'node:crypto';
import { defaultResource, type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  ATTR_DEPLOYMENT_ENVIRONMENT_NAME,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_VERSION,
} from '@opentelemetry/semantic-conventions';
import {
  ATTR_CLOUD_PLATFORM,
  ATTR_CLOUD_PROVIDER,
  ATTR_CLOUD_REGION,
  ATTR_FAAS_INSTANCE,
  ATTR_FAAS_NAME,
  ATTR_FAAS_VERSION,
  CLOUD_PLATFORM_VALUE_GCP_CLOUD_RUN,
  CLOUD_PROVIDER_VALUE_GCP,
} from '@opentelemetry/semantic-conventions/incubating';
import { type InstanceFacts, readInstanceFacts } from '../cloud/google-environment.ts';
import type { TelemetryConfig } from '../core/telemetry-config.ts';

/** Google refuses OTLP whose resource does not say it. */
const ATTR_GCP_PROJECT_ID = 'gcp.project_id';

/**
 * Who sends telemetry: service, version, a new `service.instance.id` for every call (so call it once per process), the
 * environment's name, and on Cloud Run the service, revision, region and instance. The last two come from the metadata server
 * where the configuration does not know them: until they do `resource.asyncAttributesPending` is true. Outside Cloud Run
 * nobody is asked.
 */
export function createResource(options: {
  service: string;
  version?: string | undefined;
  config: Pick<TelemetryConfig, 'projectId' | 'cloudRun' | 'environmentName'>;
  /** What the metadata server says; for tests. */
  instanceFacts?: () => Promise<InstanceFacts>;
}): Resource {
  const { service, version, config, instanceFacts = readInstanceFacts } = options;
  const { projectId, cloudRun, environmentName } = config;
  const facts = cloudRun && instanceFacts().catch((): InstanceFacts => ({}));
  const known = resourceFromAttributes({
    [ATTR_SERVICE_NAME]: service,
    [ATTR_SERVICE_VERSION]: version,
    [ATTR_SERVICE_INSTANCE_ID]: randomUUID(),
    [ATTR_DEPLOYMENT_ENVIRONMENT_NAME]: environmentName,
    [ATTR_GCP_PROJECT_ID]: projectId,
    ...(cloudRun && {
      [ATTR_CLOUD_PROVIDER]: CLOUD_PROVIDER_VALUE_GCP,
      [ATTR_CLOUD_PLATFORM]: CLOUD_PLATFORM_VALUE_GCP_CLOUD_RUN,
      [ATTR_FAAS_NAME]: cloudRun.name,
      [ATTR_FAAS_VERSION]: cloudRun.revision,
      [ATTR_CLOUD_REGION]: cloudRun.region ?? facts?.then(({ region }) => region),
      [ATTR_FAAS_INSTANCE]: facts?.then(({ instanceId }) => instanceId),
    }),
  });
  return defaultResource().merge(known);
}
