// Charts as SVG: lines over time, and heat maps of distributions.
import { clockOf, h, numberOf } from './dom.js';

const LEFT = 64;
const BOTTOM = 20;
const TOP = 8;
/** Room for a time below the axis. */
const CLOCK = 80;
const SIZES = [
  [2 ** 30, 'GiB'],
  [2 ** 20, 'MiB'],
  [2 ** 10, 'KiB'],
  [1, 'B'],
];
export const COLOURS = 8;

/** A value with its unit as people read it. */
export function amountOf(value, unit) {
  if (value === null || value === undefined) return '–';
  const [base, per] = unit.split('/');
  const rate = per === undefined ? '' : `/${per}`;
  if (base === 'ms' && rate === '')
    return value >= 1000 ? `${numberOf(value / 1000)} s` : `${numberOf(value)} ms`;
  if (base === 'By') {
    const [size, name] = sizeOf(value);
    return `${numberOf(value / size)} ${name}${rate}`;
  }
  if (base === '{USD}' || base === 'USD') return `$${numberOf(value)}${rate}`;
  if (base === '{nUSD}') return `$${numberOf(value / 1e9)}${rate}`;
  const noun = base.replaceAll(/[{}]/g, '');
  return `${numberOf(value)}${noun === '1' || noun === '' ? '' : ` ${noun}`}${rate}`;
}

/** The name of so many bytes and how many one of it is. */
function sizeOf(bytes) {
  return SIZES.find(([size]) => Math.abs(bytes) >= size) ?? SIZES.at(-1);
}

/** A value beside an axis: its unit where that is short, not the noun of what is counted. */
const tickOf = (value, unit) =>
  amountOf(value, unit.replace(/^\{(?!n?USD).*\}/, '1').replace(/\/s$/, ''));

/** Round steps up to at least `max`, three to five of them; bytes in round KiB, MiB, GiB. */
export function ticksOf(max, unit = '') {
  if (!(max > 0)) return [0, 1];
  const [size] = unit.startsWith('By') ? sizeOf(max) : [1];
  if (size > 1) return ticksOf(max / size).map((tick) => tick * size);
  const rough = max / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  return Array.from({ length: Math.ceil(max / step - 1e-9) + 1 }, (_, i) => i * step);
}

/** Lines of a chart. `hidden` holds the indexes of those left out; `mini`: no axes. */
export function lineChart(chart, { width, height, mini = false, hidden = new Set(), label }) {
  const { times, lines, unit } = chart;
  const shown = lines.map((line, i) => ({ ...line, i })).filter(({ i }) => !hidden.has(i));
  const values = shown.flatMap((line) => line.values.filter((value) => value !== null));
  const ticks = ticksOf(Math.max(0, ...values), unit);
  const low = Math.min(0, ...values);
  const high = ticks.at(-1);
  const left = mini ? 0 : LEFT;
  const bottom = mini ? 2 : BOTTOM;
  const x = (i) => left + ((width - left - 4) * i) / Math.max(1, times.length - 1);
  const y = (value) => TOP + (height - TOP - bottom) * (1 - (value - low) / (high - low || 1));
  const axes = mini
    ? []
    : [...rulesOf(ticks, unit, { left, width, y }), ...clocksOf(times, { x, width, height })];
  const paths = shown.map(({ values: line, i }) =>
    h('path', { class: `line c${i % COLOURS}`, d: pathOf(line, x, y) }),
  );
  const svg = h(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': label },
    axes,
    paths,
  );
  if (!mini && times.length > 0) addCrosshair(svg, { chart, shown, x, left, width, height });
  return svg;
}

function rulesOf(ticks, unit, { left, width, y }) {
  return ticks.flatMap((tick) => [
    h('line', { class: 'rule', x1: left, x2: width, y1: y(tick), y2: y(tick) }),
    h(
      'text',
      { class: 'tick', x: left - 6, y: y(tick) + 4, 'text-anchor': 'end' },
      tickOf(tick, unit),
    ),
  ]);
}

/** As many times as there is room for. */
function clocksOf(times, { x, width, height }) {
  const count = Math.min(5, times.length, Math.max(2, Math.floor((width - LEFT) / CLOCK)));
  const chosen = Array.from({ length: count }, (_, i) =>
    Math.round((i * (times.length - 1)) / Math.max(1, count - 1)),
  );
  return chosen.map((i, n) => {
    const anchor = n === 0 ? 'start' : n === count - 1 ? 'end' : 'middle';
    return h(
      'text',
      { class: 'tick', x: x(i), y: height - 4, 'text-anchor': anchor },
      clockOf(times[i]),
    );
  });
}

/** A line broken where nothing is known; a value with nothing on either side is a dot. */
function pathOf(values, x, y) {
  let path = '';
  for (const [i, value] of values.entries()) {
    if (value === null) continue;
    const starts = i === 0 || values[i - 1] === null;
    path += `${starts ? 'M' : 'L'}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
    if (starts && (values[i + 1] ?? null) === null) path += 'h0.1';
  }
  return path;
}

function addCrosshair(svg, { chart, shown, x, left, width, height }) {
  const rule = h('line', { class: 'cross', y1: TOP, y2: height - BOTTOM, visibility: 'hidden' });
  svg.append(rule);
  svg.addEventListener('pointermove', (event) => {
    const box = svg.getBoundingClientRect();
    const share = (((event.clientX - box.left) / box.width) * width - left) / (width - left - 4);
    const i = Math.max(
      0,
      Math.min(chart.times.length - 1, Math.round(share * (chart.times.length - 1))),
    );
    rule.setAttribute('x1', x(i));
    rule.setAttribute('x2', x(i));
    rule.setAttribute('visibility', 'visible');
    const at = shown.map(({ name, values, i: index }) => ({ name, index, value: values[i] }));
    svg.dispatchEvent(new CustomEvent('point', { detail: { ms: chart.times[i], at } }));
  });
  svg.addEventListener('pointerleave', () => {
    rule.setAttribute('visibility', 'hidden');
    svg.dispatchEvent(new CustomEvent('point', { detail: undefined }));
  });
}

/** How many values fell into which bucket when; only the buckets that hold something. */
export function heatMap({ times, heat, unit }, { width, label }) {
  const { bounds, counts } = heat;
  const filled = counts.map((row) => row.some((count) => count > 0.001));
  const first = filled.indexOf(true);
  if (first === -1) return undefined;
  const rows = counts
    .map((row, i) => ({ row, i }))
    .slice(first, filled.lastIndexOf(true) + 1)
    .reverse();
  const most = Math.max(...rows.flatMap(({ row }) => row));
  const size = Math.max(6, Math.min(20, 240 / rows.length));
  const height = rows.length * size + BOTTOM;
  const step = (width - LEFT - 4) / Math.max(1, times.length);
  const cells = rows.flatMap(({ row, i }, n) =>
    row.map((count, t) => {
      if (count < 0.001) return undefined;
      const cell = h('rect', {
        class: 'heat',
        x: LEFT + t * step,
        y: n * size,
        width: Math.max(1, step - 0.5),
        height: size - 0.5,
        'fill-opacity': Math.max(0.08, Math.sqrt(count / most)).toFixed(2),
      });
      const from = bounds[i - 1] === undefined ? '' : amountOf(bounds[i - 1], unit);
      const to = bounds[i] === undefined ? '∞' : amountOf(bounds[i], unit);
      cell.append(
        h('title', {}, `${clockOf(times[t])}: ${numberOf(count)} between ${from || '0'} and ${to}`),
      );
      return cell;
    }),
  );
  const every = Math.ceil(rows.length / 8);
  const names = rows
    .filter((_, n) => n % every === 0)
    .map(({ i }, n) =>
      h(
        'text',
        { class: 'tick', x: LEFT - 6, y: n * every * size + size / 2 + 4, 'text-anchor': 'end' },
        bounds[i] === undefined
          ? `> ${tickOf(bounds.at(-1), unit)}`
          : `≤ ${tickOf(bounds[i], unit)}`,
      ),
    );
  const x = (i) => LEFT + i * step;
  return h(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': label },
    cells,
    names,
    clocksOf(times, { x, width, height }),
  );
}
