/** The latest value of one series that came by OTLP. */
export type OtlpPoint = {
  name: string;
  kind: 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary';
  unit: string;
  service: string;
  instance: string;
  labels: Record<string, string>;
  timeMs: number;
  /** A distribution's count. */
  value: number;
  /** A distribution's sum. */
  sum?: number;
};

export type ReadPoints = { points: OtlpPoint[]; rejected: string[] } | { refused: string };

type Fields = Record<string, unknown>;

const KINDS = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const;
const NAME = /^[a-zA-Z][a-zA-Z0-9_:./]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_.]*$/;

/**
 * The points of a metrics request by the rules of telemetry.googleapis.com: a resource says its project, its place and
 * which instance it is; names and label keys are ones that Cloud Monitoring can take. Never throws.
 */
export function readPoints(request: unknown, projectId: string): ReadPoints {
  const points: OtlpPoint[] = [];
  const rejected: string[] = [];
  for (const group of list(request, 'resourceMetrics')) {
    const resource = attributesOf(field(group, 'resource'));
    const project = resource['gcp.project_id'];
    if (!project) return { refused: 'Resource is missing required attribute "gcp.project_id"' };
    if (project !== projectId) return { refused: `Permission denied on project ${project}` };
    const location =
      resource.location ?? resource['cloud.availability_zone'] ?? resource['cloud.region'];
    if (!location) return { refused: 'Resource is missing required attribute "location"' };
    const instance =
      resource.instance ?? resource['service.instance.id'] ?? resource['faas.instance'];
    if (!instance) return { refused: 'Resource is missing required attribute "instance"' };
    const head = { service: resource['service.name'] ?? '', instance };
    for (const metric of list(group, 'scopeMetrics').flatMap((scope) => list(scope, 'metrics'))) {
      const read = pointsOf(metric, head);
      if (typeof read === 'string') rejected.push(read);
      else points.push(...read);
    }
  }
  return { points, rejected };
}

function pointsOf(metric: Fields, head: { service: string; instance: string }) {
  const name = textOf(metric.name);
  if (!NAME.test(name)) return `Metric name ${JSON.stringify(name)} must match ${NAME.source}`;
  const kind = KINDS.find((candidate) => metric[candidate] !== undefined);
  if (kind === undefined) return `Metric ${name} has no data`;
  const unit = textOf(metric.unit);
  const points: OtlpPoint[] = [];
  for (const point of list(field(metric, kind), 'dataPoints')) {
    const labels = attributesOf(point);
    const bad = Object.keys(labels).find((key) => !LABEL.test(key));
    if (bad !== undefined) return `Label ${JSON.stringify(bad)} of ${name} is not one to be taken`;
    const timeMs = Math.floor(Number(point.timeUnixNano ?? 0) / 1e6);
    const value = Number(point.count ?? point.asInt ?? point.asDouble ?? 0);
    const distribution = point.sum === undefined ? {} : { sum: Number(point.sum) };
    points.push({ name, kind, unit, ...head, labels, timeMs, value, ...distribution });
  }
  return points;
}

/** Attributes with values as text. */
function attributesOf(holder: unknown): Record<string, string> {
  const pairs = list(holder, 'attributes').map((pair): [string, string] => {
    const [value] = Object.values(field(pair, 'value'));
    return [textOf(pair.key), textOf(value)];
  });
  return Object.fromEntries(pairs);
}

/** A text as it is, nothing as none, anything else as JSON. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function field(holder: unknown, name: string): Fields {
  const value = (holder as Fields | undefined)?.[name];
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function list(holder: unknown, name: string): Fields[] {
  const value = (holder as Fields | undefined | null)?.[name];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'object' && item) : [];
}
