import type { Distribution } from './wire.ts';

const MAX_BUCKETS = 200;

type Buckets = NonNullable<Distribution['bucketOptions']>;

/** What is wrong with a distribution, in words; undefined when nothing is. */
export function distributionFault(distribution: Distribution): string | undefined {
  const { mean, sumOfSquaredDeviation: deviation, range, bucketOptions } = distribution;
  const count = Number(distribution.count);
  const counts = distribution.bucketCounts.map(Number);
  if (count < 0) return `Distribution |count| field has a negative value of ${count}.`;
  if (!Number.isFinite(mean)) return `Distribution |mean| field is not finite: ${mean}.`;
  if (!(deviation >= 0 && Number.isFinite(deviation))) {
    return `Distribution |sum_of_squared_deviation| field must be finite and not negative: ${deviation}.`;
  }
  if (count === 0) {
    if (mean !== 0) return `Distribution |mean| field must be 0 when |count| is 0, not ${mean}.`;
    if (deviation !== 0) {
      return `Distribution |sum_of_squared_deviation| field must be 0 when |count| is 0, not ${deviation}.`;
    }
    if (range !== null) return 'Distribution |range| field must not be set when |count| is 0.';
  }
  if (range !== null && !(range.min <= range.max)) {
    return `Distribution |range| has a minimum of ${range.min} above its maximum of ${range.max}.`;
  }
  if (bucketOptions === null || bucketOptions.options === undefined) {
    return counts.length === 0
      ? undefined
      : 'Distribution |bucket_counts| fields are set without |bucket_options|.';
  }
  return bucketOptionsFault(bucketOptions) ?? countsFault(counts, count, bucketOptions);
}

/** The bounds between the buckets, the underflow bucket's upper one first. */
export function boundsOf(options: Distribution['bucketOptions']): number[] {
  const { linearBuckets: linear, exponentialBuckets: exponential } = options ?? {};
  const finite = (count: number) => Array.from({ length: count + 1 }, (_, index) => index);
  switch (options?.options) {
    case 'linearBuckets':
      return finite(linear!.numFiniteBuckets).map((n) => linear!.offset + linear!.width * n);
    case 'exponentialBuckets':
      return finite(exponential!.numFiniteBuckets).map(
        (n) => exponential!.scale * exponential!.growthFactor ** n,
      );
    case 'explicitBuckets':
      return options.explicitBuckets!.bounds;
    default:
      return [];
  }
}

function bucketOptionsFault({
  linearBuckets: linear,
  exponentialBuckets: exponential,
  explicitBuckets: explicit,
}: Buckets): string | undefined {
  if (explicit !== undefined) {
    const { bounds } = explicit;
    if (bounds.length === 0) {
      return 'Distribution |explicit_buckets.bounds| does not have at least one entry.';
    }
    const wrong = bounds.findIndex((bound, n) => n > 0 && !(bound > bounds[n - 1]!));
    if (wrong > 0) {
      return `Distribution |explicit_buckets.bounds| are not increasing: entry ${wrong} is ${bounds[wrong]}, after ${bounds[wrong - 1]}.`;
    }
    if (bounds.length > MAX_BUCKETS) return tooMany(bounds.length);
    return undefined;
  }
  const { numFiniteBuckets } = linear ?? exponential!;
  const name = linear === undefined ? 'exponential_buckets' : 'linear_buckets';
  if (numFiniteBuckets < 1) {
    return `Distribution |${name}.num_finite_buckets| must be greater than 0.`;
  }
  if (numFiniteBuckets > MAX_BUCKETS) return tooMany(numFiniteBuckets);
  if (linear !== undefined && !(linear.width > 0)) {
    return 'Distribution |linear_buckets.width| must be greater than 0.';
  }
  if (exponential !== undefined && !(exponential.growthFactor > 1)) {
    return 'Distribution |exponential_buckets.growth_factor| must be greater than 1.';
  }
  if (exponential !== undefined && !(exponential.scale > 0)) {
    return 'Distribution |exponential_buckets.scale| must be greater than 0.';
  }
  return undefined;
}

function countsFault(counts: number[], count: number, options: Buckets): string | undefined {
  const buckets = boundsOf(options).length + 1;
  if (counts.length > buckets) {
    return `Distribution value has ${counts.length} |bucket_counts| fields, which is more than the ${buckets} buckets allowed by the bucketing options.`;
  }
  if (counts.some((each) => each < 0)) {
    return 'Distribution value has |bucket_counts| fields that are negative.';
  }
  const sum = counts.reduce((total, each) => total + each, 0);
  if (sum !== count) {
    return `Distribution value has |bucket_counts| fields that sum to ${sum} which does not equal the |count| field value of ${count}.`;
  }
  return undefined;
}

function tooMany(buckets: number): string {
  return `Distribution |bucket_options| has ${buckets} buckets, which is more than the ${MAX_BUCKETS} allowed.`;
}
