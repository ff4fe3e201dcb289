import type { MetricDescriptor, MonitoringClient } from '../../cloud/monitoring.ts';
import type { MetricDefinition } from './definition.ts';
import type { Reading } from './time-series.ts';

/** A descriptor that was refused is as wrong a minute later, but its reason may be mended meanwhile. */
const TRY_REFUSED_AGAIN_MS = 600_000;
const AT_ONCE = 4;

/** What Cloud Monitoring is told of a metric. Without a definition it learns the labels from the points. Pure. */
export function descriptorOf(
  { name, type, kind, valueType }: Pick<Reading, 'name' | 'type' | 'kind' | 'valueType'>,
  definition: MetricDefinition | undefined,
): MetricDescriptor {
  const words = name.replace(/^agentworks\//, '').replaceAll(/[/_.]+/g, ' ');
  return {
    type,
    metricKind: kind,
    valueType,
    displayName: words.charAt(0).toUpperCase() + words.slice(1),
    launchStage: 'GA',
    ...(definition && {
      unit: definition.unit,
      description: definition.description,
      labels: definition.labels.map((key) => ({
        key,
        valueType: 'STRING' as const,
        description: definition.labelDescriptions?.[key] ?? '',
      })),
    }),
  };
}

/**
 * Creates each descriptor once in the life of the process. What failed is tried again with the next points, what was
 * refused ten minutes later; points are taken without descriptors too, and descriptors complete what points have created.
 */
export function createDescriptors(options: {
  client: Pick<MonitoringClient, 'createDescriptor'>;
  now: () => number;
}) {
  const { client, now } = options;
  /** When each is to be created; never again: infinite. */
  const dueMs = new Map<string, number>();
  let failed = 0;

  return {
    /**
     * Creates those that are not there yet and resolves to what went wrong, in words. At the first one that the service
     * did not answer the others are left for later: they would only take up the time that is left for points.
     */
    async create(wanted: readonly MetricDescriptor[], timeoutMs: number): Promise<string[]> {
      const missing = wanted.filter(({ type }) => (dueMs.get(type!) ?? 0) <= now());
      const faults: string[] = [];
      const deadline = performance.now() + timeoutMs;
      let goesOn = true;
      async function work(): Promise<void> {
        for (let next = missing.shift(); next !== undefined && goesOn; next = missing.shift()) {
          const left = deadline - performance.now();
          if (left <= 0) return;
          const created = await client.createDescriptor(next, { timeoutMs: left });
          if (created.kind === 'created') {
            dueMs.set(next.type!, Number.POSITIVE_INFINITY);
            continue;
          }
          failed += 1;
          faults.push(`the descriptor of ${next.type}: ${created.code}: ${created.message}`);
          if (created.retryable) goesOn = false;
          else dueMs.set(next.type!, now() + TRY_REFUSED_AGAIN_MS);
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      return faults;
    },
    /** How many attempts have failed. */
    get failed(): number {
      return failed;
    },
  };
}
