// The tab of traces: the newest ones as a list, and one of them as a waterfall.
import {
  dollarsOf,
  durationOf,
  field,
  get,
  h,
  hashOf,
  keyed,
  numberOf,
  plural,
  setOptions,
  timeOf,
} from './dom.js';
import { createTrace } from './trace.js';

const TYPING_MS = 250;
const LIMIT = 100;
/** What the page begins with has no word in the address. */
const SHOWN = [
  ['', 'Agent runs'],
  ['all', 'All'],
  ['failed', 'Failed'],
];

export function createTraces() {
  const show = h('select', { onchange: apply });
  const workspace = h('select', { onchange: apply });
  const service = h('select', { onchange: apply });
  setOptions(show, SHOWN, '');
  const search = h('input', { type: 'search', placeholder: 'name, id, attribute', oninput: typed });
  const counts = h('p', { class: 'quiet counts', role: 'status' });
  const list = h('ol', { class: 'traces plain' });
  const empty = h('p', { class: 'empty' }, 'No traces like this yet.');
  const listing = h(
    'div',
    { class: 'stack' },
    h(
      'form',
      { class: 'filters', 'aria-label': 'Filter of traces', onsubmit: (e) => e.preventDefault() },
      field('Show', show),
      field('Workspace', workspace),
      field('Service', service),
      field('Text', search, 'wide'),
    ),
    counts,
    list,
    empty,
  );
  const trace = createTrace();
  const root = h('section', { 'aria-label': 'Traces' });
  let route = { id: '', query: {} };
  let typing;

  function typed() {
    clearTimeout(typing);
    typing = setTimeout(apply, TYPING_MS);
  }

  function apply() {
    const query = {
      show: show.value,
      workspace: workspace.value,
      service: service.value,
      search: search.value.trim(),
    };
    location.hash = hashOf('traces', query);
  }

  return {
    root,
    title: ({ id }) => (id === '' ? 'Traces' : `Trace ${id.slice(0, 8)}`),
    route(next) {
      route = next;
      const { query, id } = next;
      root.replaceChildren(id === '' ? listing : trace.root);
      if (id !== '') return trace.route(next);
      if (document.activeElement !== search) search.value = query.search ?? '';
      show.value = query.show ?? '';
      setOptions(workspace, optionsOf([], query.workspace), query.workspace ?? '');
      setOptions(service, optionsOf([], query.service), query.service ?? '');
    },
    async refresh() {
      if (route.id !== '') return trace.refresh();
      const { query } = route;
      const asked = { ...query, show: query.show ?? 'agents', limit: LIMIT };
      const answer = await get('/traces.json', asked);
      if (route.query !== query) return;
      const { traces } = answer;
      setOptions(workspace, optionsOf(answer.workspaces, query.workspace), query.workspace ?? '');
      setOptions(service, optionsOf(answer.services, query.service), query.service ?? '');
      counts.textContent = keptOf(answer);
      empty.hidden = traces.length > 0;
      const longest = Math.max(1, ...traces.map(({ durationMs }) => durationMs));
      keyed(list, traces, { key: ({ traceId }) => traceId, render: rowOf });
      for (const [i, row] of [...list.children].entries()) {
        const share = (100 * traces[i].durationMs) / longest;
        row.querySelector('.length i').style.width = `${Math.max(1, share)}%`;
      }
    },
  };
}

/** How many are shown, and what is kept of each kind. */
function keptOf({ traces, counts: { agents, others } }) {
  const shown = traces.length === LIMIT ? `The newest ${LIMIT} of what fits` : plural(traces.length, 'trace');
  const room = ({ traces: kept, maxTraces }) =>
    `${kept.toLocaleString()} (the newest ${maxTraces.toLocaleString()} at most)`;
  return `${shown}. Kept: agent runs and model calls ${room(agents)}, other traces ${room(others)}.`;
}

function optionsOf(all, chosen) {
  const names = new Set([...all, ...(chosen ? [chosen] : [])]);
  return [['', 'all'], ...[...names].map((name) => [name, name])];
}

function rowOf(trace) {
  const { traceId, name, agents, services, workspaces, errors, spans, startMs, durationMs } = trace;
  const tokens = trace.inputTokens + trace.outputTokens;
  // Every run begins with the same request: what tells one from another is its agent.
  const [title, ...who] = [...new Set([...agents.slice(0, 2), name, ...services])].slice(0, 4);
  const facts = [
    h('span', { class: 'who' }, who.join(' · ')),
    ...workspaces.map((it) => h('span', { class: 'chip' }, it)),
    errors > 0 ? h('span', { class: 'chip bad' }, plural(errors, 'error')) : undefined,
    h('span', { class: 'fact' }, plural(spans, 'span')),
    tokens > 0 ? h('span', { class: 'fact' }, `${numberOf(tokens)} tokens`) : undefined,
  ];
  return h(
    'li',
    {},
    h(
      'a',
      { href: hashOf('traces', {}, traceId), class: 'trace' },
      timeOf(startMs),
      h('b', {}, trace.complete ? title : `${title} …`),
      h('span', { class: 'money' }, trace.spansCostUsd ? dollarsOf(trace.spansCostUsd) : ''),
      h('span', { class: 'length' }, h('i', {}), h('span', {}, durationOf(durationMs))),
      h('span', { class: 'facts' }, facts),
    ),
  );
}
