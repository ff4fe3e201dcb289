import type { NanoUsd } from './money.ts';

/** `part` in percent of `whole`, one decimal, cut off: `90.4`, `90.0`. `whole` > 0. */
export function percentText(part: NanoUsd, whole: NanoUsd): string {
  const tenths = (part * 1_000n) / whole;
  const size = (tenths < 0n ? -tenths : tenths).toString().padStart(2, '0');
  return `${tenths < 0n ? '-' : ''}${size.slice(0, -1)}.${size.slice(-1)}`;
}

/** `part` in whole percent of `whole`, cut off. `whole` > 0. */
export function wholePercent(part: NanoUsd, whole: NanoUsd): string {
  return ((part * 100n) / whole).toString();
}
