/** The names alerts may use; others are shown as they are written. */
export const EMOJI: Readonly<Record<string, string>> = {
  bell: '🔔',
  bulb: '💡',
  chart_with_downwards_trend: '📉',
  chart_with_upwards_trend: '📈',
  fire: '🔥',
  information_source: 'ℹ️',
  large_green_circle: '🟢',
  large_orange_circle: '🟠',
  large_yellow_circle: '🟡',
  moneybag: '💰',
  red_circle: '🔴',
  rotating_light: '🚨',
  test_tube: '🧪',
  warning: '⚠️',
  white_check_mark: '✅',
};
