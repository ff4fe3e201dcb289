/**
 * Estimates a percentile (`share` of 0 to 1) from how many values fell into each bucket, on a straight line within the
 * bucket; what lies below the first or above the last bound is taken to be at that bound, or between 0 and the first
 * where that is positive. Undefined when nothing fell anywhere. Pure.
 */
export function percentile(
  bounds: readonly number[],
  counts: readonly number[],
  share: number,
): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total <= 0 || bounds.length === 0) return undefined;
  let rest = share * total;
  for (const [i, count] of counts.entries()) {
    if (count <= 0 || rest > count) {
      rest -= Math.max(0, count);
      continue;
    }
    const upper = bounds[i] ?? bounds.at(-1)!;
    const lower = i === 0 ? Math.min(0, upper) : bounds[i - 1]!;
    return lower + ((upper - lower) * rest) / count;
  }
  return bounds.at(-1);
}
