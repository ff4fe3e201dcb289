import { invalidArgument } from '../grpc/status.ts';
import type { SeriesId } from './identity.ts';

type Test = (value: string) => boolean;
type Condition = { of: (id: SeriesId) => string; test: Test; equals: string | undefined };

export type MetricFilter = {
  /** Whether a series, or for a descriptor its type alone, fits. */
  matches(id: SeriesId): boolean;
  /** The one metric type the filter asks for; undefined when it asks for several or any. */
  metricType: string | undefined;
};

const CONDITION =
  /^\s*([a-z_]+(?:\.[A-Za-z_][\w.]*)?)\s*(=|!=)\s*(?:starts_with\(\s*"((?:[^"\\]|\\.)*)"\s*\)|"((?:[^"\\]|\\.)*)"|([\w./-]+))\s*/;
const LABEL = /^(metric|resource)\.labels?\.(\w+)$/;

/**
 * Reads a filter of the form `metric.type = "…" AND metric.labels.x = "y" AND resource.labels.z != starts_with("…")`.
 * All else that Cloud Monitoring knows is refused, naming it.
 */
export function parseMetricFilter(text: string): MetricFilter {
  const conditions: Condition[] = [];
  let rest = text;
  while (rest.trim() !== '') {
    const [whole, field, operator, prefix, quoted, bare] = CONDITION.exec(rest) ?? [];
    if (whole === undefined) {
      throw invalidArgument(
        `The filter part '${rest.trim()}' is not supported by the local Cloud Monitoring: it takes FIELD = "…", != and starts_with("…"), with AND between.`,
      );
    }
    conditions.push(toCondition(field!, operator!, prefix, quoted ?? bare));
    rest = rest.slice(whole.length).replace(/^AND\b/, '');
  }
  const type = conditions.find(({ of, equals }) => of === metricType && equals !== undefined);
  return {
    matches: (id) => conditions.every(({ of, test }) => test(of(id))),
    metricType: type?.equals,
  };
}

const metricType = ({ metricType: type }: SeriesId): string => type;

function toCondition(
  field: string,
  operator: string,
  prefix: string | undefined,
  value: string | undefined,
): Condition {
  const of = readerOf(field);
  const wanted = (prefix ?? value)!.replaceAll(/\\(.)/g, '$1');
  const fits: Test =
    prefix === undefined ? (given) => given === wanted : (given) => given.startsWith(wanted);
  const negated = operator === '!=';
  return {
    of,
    test: negated ? (given) => !fits(given) : fits,
    equals: negated || prefix !== undefined ? undefined : wanted,
  };
}

function readerOf(field: string): (id: SeriesId) => string {
  if (field === 'metric.type') return metricType;
  if (field === 'resource.type') return ({ resourceType }) => resourceType;
  const [, of, label] = LABEL.exec(field) ?? [];
  if (of === 'metric') return ({ labels }) => labels[label!] ?? '';
  if (of === 'resource') return ({ resourceLabels }) => resourceLabels[label!] ?? '';
  throw invalidArgument(
    `The filter field '${field}' is not supported by the local Cloud Monitoring.`,
  );
}
