// The tab of metrics: all of them as small charts, and one of them large.
import { amountOf, COLOURS, heatMap, lineChart } from './chart.js';
import { clockOf, field, get, h, hashOf, keyed, numberOf, plural, setOptions } from './dom.js';

const WINDOWS = [
  ['5', '5 minutes'],
  ['15', '15 minutes'],
  ['60', 'an hour'],
  ['360', '6 hours'],
  ['1440', 'a day'],
];
const COMBINES = [
  ['sum', 'together'],
  ['mean', 'on average'],
  ['each', 'each'],
];
const MODES = [
  ['rate', 'per second'],
  ['total', 'in total'],
];
const OVERVIEW_EVERY_MS = 9_000;

export function createMetrics() {
  const metric = h('select', { onchange: apply });
  const minutes = h('select', { onchange: apply });
  const groupBy = h('select', { onchange: apply });
  const combine = h('select', { onchange: apply });
  const mode = h('select', { onchange: apply });
  setOptions(minutes, WINDOWS, '15');
  setOptions(combine, COMBINES, 'sum');
  setOptions(mode, MODES, 'rate');
  const controls = [
    field('Group by', groupBy),
    field('Instances', combine),
    field('Counted', mode),
  ];
  const content = h('div', { class: 'stack' });
  const root = h(
    'section',
    { class: 'stack', 'aria-label': 'Metrics' },
    h(
      'form',
      { class: 'filters', 'aria-label': 'What is drawn', onsubmit: (e) => e.preventDefault() },
      field('Metric', metric, 'wide'),
      field('Window', minutes),
      controls,
    ),
    content,
  );
  const hidden = new Set();
  let route = { query: {} };
  let overviewAt = 0;

  function apply() {
    const chosen = metric.value !== '';
    location.hash = hashOf('metrics', {
      type: metric.value,
      minutes: minutes.value === '15' ? '' : minutes.value,
      groupBy: chosen && metric.value === route.query.type ? groupBy.value : '',
      combine: chosen && combine.value !== 'sum' ? combine.value : '',
      mode: chosen && mode.value !== 'rate' ? mode.value : '',
    });
  }

  async function drawOne(known, query) {
    const { chart } = await get('/metrics.json', query);
    if (query !== route.query) return;
    const width = Math.max(300, content.clientWidth - 34);
    const label = `${known.name}: ${plural(chart.lines.length, 'line')}, the last values stand in the table`;
    const graph = lineChart(chart, { width, height: 260, hidden, label });
    const when = h(
      'p',
      { class: 'quiet counts' },
      `${known.description} `,
      h('code', {}, known.type),
    );
    const table = legendOf(chart, hidden, () => void drawOne(known, query));
    graph.addEventListener('point', ({ detail }) => showPoint(table, chart, detail));
    const heat = chart.heat && heatMap(chart, { width, label: `${known.name}: values per bucket` });
    const title = h('h2', {}, known.name);
    content.replaceChildren(h('div', { class: 'card stack' }, title, when, graph, heat, table));
    if (heat === undefined && chart.heat === undefined) return;
    graph.after(h('h3', {}, 'How the values are spread'));
    if (heat === undefined) graph.nextSibling.remove();
  }

  async function drawAll(metrics, otlp, query) {
    if (Date.now() - overviewAt < OVERVIEW_EVERY_MS) return;
    overviewAt = Date.now();
    const charts = await Promise.all(
      metrics.map(async (each) => ({
        ...each,
        ...(await get('/metrics.json', { type: each.type, minutes: query.minutes })),
      })),
    );
    if (query !== route.query) return;
    let grid = content.querySelector('.grid');
    if (grid === null) {
      grid = h('ul', { class: 'grid plain' });
      content.replaceChildren(grid, h('div', { class: 'more' }));
    }
    keyed(grid, charts, { key: ({ type }) => type, render: (it) => cardOf(it, query) });
    const none = metrics.length + otlp.length === 0;
    content
      .querySelector('.more')
      .replaceChildren(
        none
          ? h('p', { class: 'empty' }, 'No metrics yet; services send them every few seconds.')
          : '',
        otlp.length > 0 ? pointsOf(otlp) : '',
      );
  }

  return {
    root,
    title: ({ query }) => (query.type ? query.type.split('/').slice(-2).join('/') : 'Metrics'),
    route(next) {
      if (next.query.type !== route.query.type) {
        hidden.clear();
        content.replaceChildren();
      }
      route = next;
      overviewAt = 0;
      const { query } = next;
      minutes.value = query.minutes ?? '15';
      combine.value = query.combine ?? 'sum';
      mode.value = query.mode ?? 'rate';
      for (const control of controls) control.hidden = query.type === undefined;
    },
    async refresh() {
      const { query } = route;
      const { metrics, otlp } = await get('/metrics.json');
      if (query !== route.query) return;
      const names = metrics.map(({ type, name }) => [type, name]);
      setOptions(metric, [['', 'all, small'], ...names], query.type ?? '');
      const known = metrics.find(({ type }) => type === query.type);
      if (known === undefined && query.type === undefined) return drawAll(metrics, otlp, query);
      if (known === undefined) {
        content.replaceChildren(
          h('p', { class: 'empty' }, `Nobody has written ${query.type} yet.`),
        );
        return;
      }
      setOptions(
        groupBy,
        [['', 'nothing'], ...known.labels.map((it) => [it, it])],
        query.groupBy ?? '',
      );
      const isDistribution = known.valueType === 'DISTRIBUTION';
      controls[1].hidden = isDistribution;
      controls[2].hidden = isDistribution || known.kind !== 'CUMULATIVE';
      await drawOne(known, query);
    },
  };
}

function cardOf({ type, name, chart, description }, query) {
  const lasts = chart.lines.map(({ name: line, values }) => ({
    line,
    amount: amountOf(
      values.findLast((it) => it !== null),
      chart.unit,
    ),
  }));
  const alone = lasts.length < 2;
  const told = lasts.map(({ line, amount }) => (alone ? amount : `${line} ${amount}`));
  const label = `${name}, last ${told.join(', ') || 'nothing'}`;
  return h(
    'li',
    {},
    h(
      'a',
      {
        class: 'card mini',
        href: hashOf('metrics', { type, minutes: query.minutes }),
        title: description,
      },
      h('b', {}, name),
      h(
        'span',
        { class: 'value' },
        told.map((text, i) =>
          h('span', {}, alone ? '' : h('i', { class: `swatch c${i % COLOURS}` }), text),
        ),
      ),
      lineChart(chart, { width: 300, height: 56, mini: true, label }),
    ),
  );
}

/** The lines as a table: what each is now, at least and at most; a button hides one. */
function legendOf({ lines, unit }, hidden, redraw) {
  const rows = lines.map(({ name, values }, i) => {
    const known = values.filter((value) => value !== null);
    const numbers = [known.at(-1), Math.min(...known), Math.max(...known)];
    const toggle = () => {
      if (!hidden.delete(i)) hidden.add(i);
      redraw();
    };
    const button = h(
      'button',
      { type: 'button', class: 'legend', 'aria-pressed': String(!hidden.has(i)), onclick: toggle },
      h('i', { class: `swatch c${i % COLOURS}` }),
      name,
    );
    return h(
      'tr',
      { 'data-line': i },
      h('th', { scope: 'row' }, button),
      numbers.map((value) =>
        h('td', { class: 'number' }, known.length === 0 ? '–' : amountOf(value, unit)),
      ),
    );
  });
  return h(
    'div',
    { class: 'scroll' },
    h(
      'table',
      { class: 'lines' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ['Line', 'Now', 'Least', 'Most'].map((it) => h('th', { scope: 'col' }, it)),
        ),
      ),
      h('tbody', {}, rows),
    ),
  );
}

/** While the pointer is over the chart, the first column is that moment's. */
function showPoint(table, { lines, unit }, point) {
  const head = table.querySelector('thead th:nth-child(2)');
  head.textContent = point === undefined ? 'Now' : clockOf(point.ms);
  for (const row of table.querySelectorAll('tbody tr')) {
    const index = Number(row.dataset.line);
    const values = lines[index].values;
    const value =
      point === undefined
        ? values.findLast((it) => it !== null)
        : point.at.find((it) => it.index === index)?.value;
    row.children[1].textContent = amountOf(value, unit);
  }
}

/** What came by OTLP, which keeps no history here. */
function pointsOf(points) {
  const cells = ({ name, service, instance, labels, value, unit, timeMs }) => [
    name,
    service,
    instance.slice(0, 8),
    Object.entries(labels)
      .map((pair) => pair.join('='))
      .join(' '),
    `${numberOf(value)} ${unit}`,
    clockOf(timeMs),
  ];
  return h(
    'div',
    { class: 'card stack' },
    h('h2', {}, 'By OTLP, the latest points'),
    h(
      'div',
      { class: 'scroll' },
      h(
        'table',
        {},
        points.map((point) =>
          h(
            'tr',
            {},
            cells(point).map((cell) => h('td', {}, cell)),
          ),
        ),
      ),
    ),
  );
}
