/** An estimate and its intervals as numbers, for drawing only. */
export type Drawn = { mean: number; low80: number; high80: number; low95: number; high95: number };

/** One estimate drawn, `highest` at the right end: `─` where 95 of 100 lie, `━` where 80 do, `●` the mean. */
export function plotInterval(estimate: Drawn, highest: number, width: number): string {
  const column = (value: number) => Math.round((value / highest) * (width - 1));
  const line = new Array<string>(width).fill(' ');
  line.fill('─', column(estimate.low95), column(estimate.high95) + 1);
  line.fill('━', column(estimate.low80), column(estimate.high80) + 1);
  line[column(estimate.mean)] = '●';
  return line.join('').trimEnd();
}
