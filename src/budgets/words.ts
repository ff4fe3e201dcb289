import type { PeriodRule } from '../core/periods.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../core/time.ts';
import type { MeterScope } from '../costs/rollups/meters.ts';

/** The days between two instants (epoch ms), one decimal, cut off; 0 when there are none. */
export function daysBetween(fromMs: number, toMs: number): number {
  return Math.floor(Math.max(0, toMs - fromMs) / (DAY_MS / 10)) / 10;
}

/** How long it is from one instant (epoch ms) to another, for people, cut off: `12.4 days`, `9 hours`, `40 minutes`. */
export function durationText(fromMs: number, toMs: number): string {
  const ms = Math.max(0, toMs - fromMs);
  const text = (count: number, unit: string) => `${count} ${unit}${count === 1 ? '' : 's'}`;
  if (ms >= DAY_MS) return text(daysBetween(fromMs, toMs), 'day');
  if (ms >= HOUR_MS) return text(Math.floor(ms / HOUR_MS), 'hour');
  return text(Math.floor(ms / MINUTE_MS), 'minute');
}

/** `50 %`, `50 % and 75 %`, `50 %, 75 % and 90 %` */
export function percentList(percents: readonly number[]): string {
  const texts = percents.map((percent) => `${percent} %`);
  const last = texts.pop() ?? '';
  return texts.length === 0 ? last : `${texts.join(', ')} and ${last}`;
}

/** What a budget watches, as the subject of a sentence: `acme`, `acme's agent a1`, `acme's label env=prod`. */
export function scopeText(workspace: string, scope: MeterScope): string {
  if (scope.dimension === 'workspace') return workspace;
  const what = scope.dimension === 'label' ? `${scope.key}=${scope.value}` : scope.value;
  return `${workspace}'s ${scope.dimension} ${what}`;
}

/** `daily`, `weekly`, `monthly` */
export function cadenceText({ every }: PeriodRule): string {
  return every === 'day' ? 'daily' : `${every}ly`;
}
