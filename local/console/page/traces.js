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

export function createTraces() {
  const workspace = h('select', { onchange: apply });
  const search = h('input', { type: 'search', placeholder: 'name, id, attribute', oninput: typed });
  const failed = h('input', { type: 'checkbox', onchange: apply });
  const counts = h('p', { class: 'quiet counts', role: 'status' });
  const list = h('ol', { class: 'traces plain' });
  const empty = h('p', { class: 'empty' }, 'No traces like this yet.');
  const listing = h(
    'div',
    { class: 'stack' },
    h(
      'form',
      { class: 'filters', 'aria-label': 'Filter of traces', onsubmit: (e) => e.preventDefault() },
      field('Workspace', workspace),
      field('Text', search, 'wide'),
      field('Failed only', failed, 'check'),
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
      workspace: workspace.value,
      search: search.value.trim(),
      failed: failed.checked ? '1' : '',
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
      failed.checked = query.failed === '1';
      setOptions(workspace, optionsOf([], query.workspace), query.workspace ?? '');
    },
    async refresh() {
      if (route.id !== '') return trace.refresh();
      const { query } = route;
      const {
        traces,
        workspaces,
        counts: all,
      } = await get('/traces.json', { ...query, limit: 100 });
      if (route.query !== query) return;
      setOptions(workspace, optionsOf(workspaces, query.workspace), query.workspace ?? '');
      const kept = `${plural(all.traces, 'trace')} with ${plural(all.spans, 'span')} kept`;
      counts.textContent = traces.length === 100 ? `The newest 100 of ${kept}` : kept;
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

function optionsOf(workspaces, chosen) {
  const names = new Set([...workspaces, ...(chosen ? [chosen] : [])]);
  return [['', 'all'], ...[...names].map((name) => [name, name])];
}

function rowOf(trace) {
  const { traceId, name, agents, services, workspaces, errors, spans, startMs, durationMs } = trace;
  const tokens = trace.inputTokens + trace.outputTokens;
  const facts = [
    h('span', { class: 'who' }, [...new Set([...agents, ...services])].slice(0, 3).join(' · ')),
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
      h('b', {}, trace.complete ? name : `${name} …`),
      h('span', { class: 'money' }, trace.spansCostUsd ? dollarsOf(trace.spansCostUsd) : ''),
      h('span', { class: 'length' }, h('i', {}), h('span', {}, durationOf(durationMs))),
      h('span', { class: 'facts' }, facts),
    ),
  );
}
