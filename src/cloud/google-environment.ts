import { context } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { instance, isAvailable } from 'gcp-metadata';

/** What Google's metadata server knows of the machine a process runs on. */
export type InstanceFacts = { region?: string; instanceId?: string };

const TIMEOUT_MS = 2_000;

/**
 * Asks the metadata server for the region and the id of this instance. What cannot be told within `timeoutMs` is absent; it
 * never rejects. `METADATA_SERVER_DETECTION` and `GCE_METADATA_HOST` are honoured by the client: with `none` nobody is asked.
 * Its requests are not traced.
 */
export async function readInstanceFacts(
  options: { timeoutMs?: number } = {},
): Promise<InstanceFacts> {
  const { promise: tooLate, resolve } = Promise.withResolvers<InstanceFacts>();
  const timer = setTimeout(() => resolve({}), options.timeoutMs ?? TIMEOUT_MS).unref();
  const asked = context.with(suppressTracing(context.active()), ask).catch(() => ({}));
  const facts = await Promise.race([asked, tooLate]);
  clearTimeout(timer);
  return facts;
}

async function ask(): Promise<InstanceFacts> {
  if (!(await isAvailable())) return {};
  const [region, id] = await Promise.allSettled([instance('region'), instance('id')]);
  return {
    // projects/123/regions/europe-west1
    ...(region.status === 'fulfilled' && { region: String(region.value).split('/').at(-1) }),
    ...(id.status === 'fulfilled' && { instanceId: String(id.value) }),
  };
}
