/** A complete hour of a series that was asked for by name, whether anything is unusual in it or not. */
export type FollowedHour = {
  /** As it was asked for: the subject of its findings. */
  series: string;
  /** Start of the hour, epoch ms. */
  hourMs: number;
  /** In the unit of the series. */
  value: number;
  /** What the hour is worth on other days; undefined in a series' first day. */
  usual: number | undefined;
};

/** The hours of the series `follow` in rows that hold alarms and followed hours alike; those without a value are left out. */
export function followedHours(
  rows: readonly {
    series: string;
    hour: string;
    value: number;
    usual: number | null;
    isKnown?: boolean;
  }[],
  follow: readonly string[],
): FollowedHour[] {
  const wanted = new Set(follow);
  return rows
    .filter(({ series, isKnown }) => wanted.has(series) && isKnown !== false)
    .map(({ series, hour, value, usual }) => ({
      series,
      hourMs: Date.parse(hour),
      value,
      usual: usual ?? undefined,
    }));
}
