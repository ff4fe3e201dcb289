import { status } from '@grpc/grpc-js';
import { GrpcStatus, invalidArgument } from '../grpc/status.ts';
import type { SeriesFault } from './fault.ts';
import { labelKeyFault, MAX_LABELS, metricTypeFault, type SeriesId } from './identity.ts';
import type { MetricDescriptor, MetricKind, TimeSeries, ValueType } from './wire.ts';

const AUTO_CREATED = 'Auto-created custom metric.';
const KINDS: readonly MetricKind[] = ['GAUGE', 'CUMULATIVE'];
const VALUE_TYPES: readonly ValueType[] = ['BOOL', 'INT64', 'DOUBLE', 'DISTRIBUTION'];

export type Descriptors = ReturnType<typeof createDescriptors>;

/** The metric descriptors of one project, made by hand or by the first point. */
export function createDescriptors(projectId: string) {
  const descriptors = new Map<string, MetricDescriptor>();

  return {
    get: (type: string): MetricDescriptor | undefined => descriptors.get(type),
    /** In the order of their types. */
    list: (): MetricDescriptor[] =>
      [...descriptors.values()].sort((a, b) => (a.type < b.type ? -1 : 1)),
    delete: (type: string): boolean => descriptors.delete(type),

    /** Makes or updates one: labels are added, never removed; kind and value type stay. Throws INVALID_ARGUMENT. */
    put(given: MetricDescriptor): MetricDescriptor {
      const fault = descriptorFault(given);
      if (fault !== undefined) throw invalidArgument(fault);
      const existing = descriptors.get(given.type);
      for (const field of ['metricKind', 'valueType'] as const) {
        if (existing !== undefined && existing[field] !== given[field]) {
          throw refused(
            given,
            field,
            `the metric already exists with a value of ${existing[field]}.`,
          );
        }
      }
      const kept = existing?.labels.filter(({ key }) => !given.labels.some((l) => l.key === key));
      const labels = [...given.labels, ...(kept ?? [])];
      if (labels.length > MAX_LABELS) {
        throw refused(given, 'labels', `the metric has more than ${MAX_LABELS} labels.`);
      }
      const name = `projects/${projectId}/metricDescriptors/${given.type}`;
      const descriptor = { ...given, name, labels };
      descriptors.set(given.type, descriptor);
      return descriptor;
    },

    /** Makes or widens the descriptor to what a point needs, or says what speaks against it. */
    fit(
      { metricType, labels }: SeriesId,
      series: TimeSeries,
      valueType: ValueType,
    ): MetricDescriptor | { fault: SeriesFault } {
      const existing = descriptors.get(metricType);
      const unspecified = series.metricKind === 'METRIC_KIND_UNSPECIFIED';
      const metricKind = unspecified ? (existing?.metricKind ?? 'GAUGE') : series.metricKind;
      const fault =
        existing === undefined
          ? newMetricFault(metricType, metricKind, valueType)
          : mismatch(existing, metricKind, valueType);
      if (fault !== undefined) return { fault };
      const known = existing?.labels ?? [];
      const added = Object.keys(labels)
        .filter((key) => !known.some((label) => label.key === key))
        .map((key) => ({ key, valueType: 'STRING', description: '' }));
      if (known.length + added.length > MAX_LABELS) {
        const message = `The new labels would cause the metric ${metricType} to have over ${MAX_LABELS} labels.`;
        return { fault: { rule: 'label-count', message } };
      }
      const descriptor = {
        name: `projects/${projectId}/metricDescriptors/${metricType}`,
        type: metricType,
        metricKind,
        valueType,
        displayName: existing?.displayName ?? '',
        unit: existing?.unit || series.unit,
        description: existing?.description ?? (series.description || AUTO_CREATED),
        labels: [...known, ...added],
      };
      descriptors.set(metricType, descriptor);
      return descriptor;
    },
  };
}

/** NOT_FOUND for a metric type that has no descriptor. */
export function unknownMetric(type: string): GrpcStatus {
  return new GrpcStatus(status.NOT_FOUND, `Could not find descriptor for metric '${type}'.`);
}

function mismatch(
  existing: MetricDescriptor,
  metricKind: MetricKind,
  valueType: ValueType,
): SeriesFault | undefined {
  if (existing.metricKind !== metricKind) {
    const message = `Metric kind for metric ${existing.type} must be ${existing.metricKind}, but is ${metricKind}.`;
    return { rule: 'metric-kind', message };
  }
  if (existing.valueType !== valueType) {
    const message = `Value type for metric ${existing.type} must be ${existing.valueType}, but is ${valueType}.`;
    return { rule: 'value-type', message };
  }
  return undefined;
}

function newMetricFault(
  type: string,
  metricKind: MetricKind,
  valueType: ValueType,
): SeriesFault | undefined {
  if (!KINDS.includes(metricKind)) {
    const message = `Metric kind for metric ${type} must be GAUGE or CUMULATIVE, but is ${metricKind}.`;
    return { rule: 'metric-kind', message };
  }
  if (!VALUE_TYPES.includes(valueType)) {
    const message = `Value type for metric ${type} must be ${VALUE_TYPES.join(', ')}, but is ${valueType}.`;
    return { rule: 'value-type', message };
  }
  return undefined;
}

function descriptorFault(given: MetricDescriptor): string | undefined {
  const { type, labels, metricKind, valueType } = given;
  const named = metricTypeFault(type, 'type');
  if (named !== undefined) return named.message;
  if (!KINDS.includes(metricKind)) {
    return `Field metricKind had an invalid value of "${metricKind}": When creating metric ${type}: user-defined metrics are ${KINDS.join(' or ')}.`;
  }
  if (!VALUE_TYPES.includes(valueType)) {
    return `Field valueType had an invalid value of "${valueType}": When creating metric ${type}: user-defined metrics are ${VALUE_TYPES.join(', ')}.`;
  }
  const bad = labels.map(({ key }, n) => labelKeyFault(key, `labels[${n}].key`)).find(Boolean);
  if (bad !== undefined) return bad.message;
  const keys = labels.map(({ key }) => key);
  const twice = keys.find((key, n) => keys.indexOf(key) !== n);
  if (twice !== undefined) {
    return `Field labels had an invalid value of "${twice}": When creating metric ${type}: the label is given twice.`;
  }
  if (labels.length > MAX_LABELS) {
    return `Field labels had an invalid value: When creating metric ${type}: the metric has more than ${MAX_LABELS} labels.`;
  }
  return undefined;
}

function refused(
  given: MetricDescriptor,
  field: 'labels' | 'metricKind' | 'valueType',
  why: string,
): GrpcStatus {
  const value = field === 'labels' ? '' : ` of "${given[field]}"`;
  return invalidArgument(
    `Field ${field} had an invalid value${value}: When creating metric ${given.type}: ${why}`,
  );
}
