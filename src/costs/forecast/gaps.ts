/**
 * A series with its gaps filled: between two seasons by the mean of the same place in them, else on the line between its
 * neighbours. What is filled is for the models to go on; it is nobody's measurement. First and last must be there.
 */
export function fillGaps(slots: readonly (number | undefined)[], season: number): number[] {
  const filled: number[] = [];
  let next = 0;
  for (let at = 0; at < slots.length; at += 1) {
    const value = slots[at];
    if (value !== undefined) {
      filled.push(value);
      continue;
    }
    const earlier = season > 1 ? filled[at - season] : undefined;
    const later = season > 1 ? slots[at + season] : undefined;
    if (earlier !== undefined && later !== undefined) {
      filled.push((earlier + later) / 2);
      continue;
    }
    if (next <= at) for (next = at + 1; slots[next] === undefined; ) next += 1;
    const before = filled[at - 1]!;
    filled.push(before + (slots[next]! - before) / (next - at + 1));
  }
  return filled;
}
