const PARTS = new Intl.DateTimeFormat('en-US', {
  timeZone: 'America/Los_Angeles',
  hourCycle: 'h23',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZoneName: 'longOffset',
});

/** As times stand in the service's messages about fields: `2020-10-20T15:33:00-07:00`, in California's time. */
export function fieldTime(ms: number): string {
  const { date, time, offset } = parts(ms);
  const millis = Math.floor(ms) % 1000;
  const fraction = millis === 0 ? '' : `.${String(millis).padStart(3, '0')}`;
  return `${date.join('-')}T${time}${fraction}${offset}`;
}

/** As times stand in its messages about sampling: `2025/10/02-05:17:49.000`, in California's time. */
export function samplingTime(ms: number): string {
  const { date, time } = parts(ms);
  return `${date.join('/')}-${time}.${String(Math.floor(ms) % 1000).padStart(3, '0')}`;
}

function parts(ms: number): { date: string[]; time: string; offset: string } {
  const found = Object.fromEntries(
    PARTS.formatToParts(ms).map(({ type, value }) => [type, value]),
  ) as Record<string, string>;
  const { year, month, day, hour, minute, second, timeZoneName } = found;
  return {
    date: [year!, month!, day!],
    time: `${hour}:${minute}:${second}`,
    offset: timeZoneName!.replace('GMT', ''),
  };
}
