import { AppError } from '../../core/errors.ts';

/** What a metric measures and how it is written; the type of its labels is closed. */
export type MetricDefinition<Label extends string = string> = {
  /** Below `custom.googleapis.com/agentworks/`: lower case, `/` between the subject and the measure, e.g. `agent/runs`. */
  name: string;
  kind: 'counter' | 'histogram' | 'gauge';
  /** `int` sums exactly up to 2^53. */
  valueType: 'int' | 'double';
  /** UCUM, e.g. `ms`, `By`, `1`, `{token}`, `{USD}`. */
  unit: string;
  description: string;
  labels: readonly Label[];
  /** What the labels' values say, for the metric's descriptor. */
  labelDescriptions?: Partial<Record<NoInfer<Label>, string>>;
  /** Upper bounds of a histogram's buckets, increasing. */
  boundaries?: readonly number[];
};

const NAME = /^[a-z][a-z0-9_]*(?:\/[a-z][a-z0-9_]*)*$/;
const LABEL = /^[a-z][a-z0-9_]{0,99}$/;

/** As many as Cloud Monitoring takes for one metric. */
const MAX_LABELS = 30;

/** Ids have no place in labels: each value would be a series of its own, and a tenant's name readable by all. */
const IDENTIFYING =
  /(?:^|_)(?:id|uuid|tenant|workspace|customer|user|member|message|session|request|trace|span|email|mail|ip|key|token_value|url|path)$/;

/**
 * Checks a definition and gives it back. Throws `invalid_argument` with every fault: a name or label that Cloud
 * Monitoring would not take, more than 30 labels, a histogram without increasing bounds, a label that names a tenant, a user, a message or any
 * other single thing. Pure.
 */
export function defineMetric<Label extends string>(
  definition: MetricDefinition<Label>,
): MetricDefinition<Label> {
  const { name, kind, labels, boundaries, unit, description } = definition;
  const details = [];
  if (!NAME.test(name)) details.push({ field: 'name', reason: 'must be like agent/run_duration' });
  if (unit === '') details.push({ field: 'unit', reason: 'is required; 1 for plain numbers' });
  if (description === '') details.push({ field: 'description', reason: 'is required' });
  if (labels.length > MAX_LABELS) {
    const reason = `are ${labels.length}; Cloud Monitoring takes at most ${MAX_LABELS}`;
    details.push({ field: 'labels', reason });
  }
  for (const label of labels) {
    if (!LABEL.test(label))
      details.push({ field: 'labels', reason: `${label} must be like model_name` });
    if (IDENTIFYING.test(label)) {
      const reason = `${label} names a single tenant, user, message or the like: put it in the cost event, span or log`;
      details.push({ field: 'labels', reason });
    }
  }
  if (kind === 'histogram') {
    const rising = boundaries?.every((bound, i) => i === 0 || bound > boundaries[i - 1]!);
    if (boundaries === undefined || boundaries.length === 0 || !rising) {
      details.push({ field: 'boundaries', reason: 'must be increasing numbers, at least one' });
    }
  } else if (boundaries !== undefined) {
    details.push({ field: 'boundaries', reason: 'belong to histograms only' });
  }
  if (details.length > 0) {
    const list = details.map(({ field, reason }) => `${field} ${reason}`).join('; ');
    throw new AppError({ code: 'invalid_argument', message: `Metric ${name}: ${list}`, details });
  }
  return definition;
}
