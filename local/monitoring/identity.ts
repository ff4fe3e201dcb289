import { invalidField, type SeriesFault } from './fault.ts';
import { WRITABLE_RESOURCES } from './resources.ts';
import type { TimeSeries } from './wire.ts';

export const MAX_LABELS = 30;
export const MAX_LABEL_KEY = 100;
const MAX_LABEL_VALUE = 1_024;
const MAX_TYPE_LENGTH = 200;
const GOOGLE_DOMAIN = /(^|\.)googleapis\.com$/;
const USER_DOMAINS = new Set([
  'custom.googleapis.com',
  'external.googleapis.com',
  'workload.googleapis.com',
]);
const URL_FORMATTED = /^([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?:\/[A-Za-z0-9][A-Za-z0-9_.-]*)+$/;
const LABEL_KEY = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Which series it is, by all that names one. Empty label values are as good as absent ones. */
export type SeriesId = {
  metricType: string;
  labels: Record<string, string>;
  resourceType: string;
  resourceLabels: Record<string, string>;
  /** Of the whole and of the monitored resource alone; the same for the same, however the labels are ordered. */
  key: string;
  resourceKey: string;
};

/** Reads which series the request's `index`-th is, or what is wrong with its metric, its resource or their labels. */
export function readIdentity(
  { metric, resource }: TimeSeries,
  at: string,
  projectId: string,
): SeriesId | { fault: SeriesFault } {
  const type = metric?.type ?? '';
  const fault =
    metricTypeFault(type, `${at}.metric.type`) ??
    labelsFault(metric!.labels, `${at}.metric.labels`) ??
    resourceFault(resource, at, projectId);
  if (fault !== undefined) return { fault };
  const labels = filled(metric!.labels);
  const resourceLabels = { project_id: projectId, ...filled(resource!.labels) };
  const resourceKey = `${resource!.type}${keyOf(resourceLabels)}`;
  return {
    metricType: type,
    labels,
    resourceType: resource!.type,
    resourceLabels,
    key: `${type}${keyOf(labels)}${resourceKey}`,
    resourceKey,
  };
}

/** What is wrong with the name of a user-defined metric. */
export function metricTypeFault(type: string, field: string): SeriesFault | undefined {
  const domain = URL_FORMATTED.exec(type)?.[1];
  if (domain === undefined) {
    const why = 'The metric type must be a URL-formatted string with a domain and non-empty path.';
    return invalidField('metric-type', field, type, why);
  }
  if (type.length > MAX_TYPE_LENGTH) {
    const why = `The metric type must not be longer than ${MAX_TYPE_LENGTH} characters.`;
    return invalidField('metric-type', field, type, why);
  }
  if (GOOGLE_DOMAIN.test(domain) && !USER_DOMAINS.has(domain)) {
    const why = `User-defined metrics cannot be written to the domain ${domain}.`;
    return invalidField('metric-type', field, type, why);
  }
  return undefined;
}

/** What is wrong with the key of a label. */
export function labelKeyFault(key: string, field: string): SeriesFault | undefined {
  if (!LABEL_KEY.test(key)) {
    return invalidField('label-key', field, key, 'Label key contains invalid characters.');
  }
  if (key.length > MAX_LABEL_KEY) {
    const why = `Label key must not be longer than ${MAX_LABEL_KEY} characters.`;
    return invalidField('label-key', field, key, why);
  }
  return undefined;
}

function labelsFault(labels: Record<string, string>, field: string): SeriesFault | undefined {
  for (const [key, value] of Object.entries(labels)) {
    const fault = labelKeyFault(key, field);
    if (fault !== undefined) return fault;
    if (value.length > MAX_LABEL_VALUE) {
      const why = `The value of label '${key}' must not be longer than ${MAX_LABEL_VALUE} characters.`;
      return invalidField('label-value', field, undefined, why);
    }
  }
  return undefined;
}

function resourceFault(
  resource: TimeSeries['resource'],
  at: string,
  projectId: string,
): SeriesFault | undefined {
  const type = resource?.type ?? '';
  if (!Object.hasOwn(WRITABLE_RESOURCES, type)) {
    const message =
      `Metrics cannot be written to ${type}. See ` +
      'https://cloud.google.com/monitoring/custom-metrics/creating-metrics#which-resource for a list of writable resource types.';
    return { rule: 'resource-type', message };
  }
  const known = WRITABLE_RESOURCES[type]!;
  const { project_id: project = projectId, ...labels } = resource!.labels;
  const missing = known.filter((label) => !labels[label]);
  if (missing.length > 0) {
    const message = `The set of resource labels is incomplete. Missing labels: (${missing.join(' ')}).`;
    return { rule: 'resource-labels', message };
  }
  const unknown = Object.keys(labels).find((label) => !known.includes(label));
  const field = `${at}.resource.labels`;
  if (unknown !== undefined) {
    const why = `The resource type ${type} has no such label.`;
    return invalidField('resource-labels', field, unknown, why);
  }
  if (project !== projectId) {
    const why = 'The project does not match the one the request is for.';
    return invalidField('resource-labels', field, project, why);
  }
  return undefined;
}

function filled(labels: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));
}

function keyOf(labels: Record<string, string>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
