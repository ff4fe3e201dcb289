// The tab of logs: the newest lines that fit the filter, each with its details and the way to its trace.
import { attributesOf, dollarsOf, durationOf, field, get, h, hashOf, keyed, plural, setOptions, timeOf } from './dom.js';

const TYPING_MS = 250;
const LIMIT = 300;
const SEVERITIES = ['', 'DEBUG', 'INFO', 'NOTICE', 'WARNING', 'ERROR', 'CRITICAL'];

export function createLogs() {
  const severity = h('select', { onchange: apply });
  const workspace = h('select', { onchange: apply });
  const service = h('select', { onchange: apply });
  const trace = h('input', { type: 'search', placeholder: 'trace id', oninput: typed });
  const search = h('input', { type: 'search', placeholder: 'text', oninput: typed });
  const counts = h('p', { class: 'quiet counts', role: 'status' });
  const list = h('ol', { class: 'logs plain' });
  const empty = h('p', { class: 'empty' }, 'No log lines like this.');
  const root = h(
    'section',
    { class: 'stack', 'aria-label': 'Logs' },
    h(
      'form',
      { class: 'filters', 'aria-label': 'Filter of logs', onsubmit: (e) => e.preventDefault() },
      field('Severity', severity),
      field('Workspace', workspace),
      field('Service', service),
      field('Trace', trace, 'wide'),
      field('Text', search, 'wide'),
    ),
    counts,
    list,
    empty,
  );
  setOptions(
    severity,
    SEVERITIES.map((it) => [it, it === '' ? 'all' : `${it} and above`]),
    '',
  );
  let route = { query: {} };
  let typing;

  function typed() {
    clearTimeout(typing);
    typing = setTimeout(apply, TYPING_MS);
  }

  function apply() {
    const traceId = trace.value.trim();
    location.hash = hashOf('logs', {
      severity: severity.value,
      workspace: workspace.value,
      service: service.value,
      trace: traceId,
      // A span belongs to its trace: another trace has no such span.
      span: traceId === route.query.trace ? route.query.span : '',
      search: search.value.trim(),
    });
  }

  return {
    root,
    title: () => 'Logs',
    route(next) {
      route = next;
      const { query } = next;
      severity.value = query.severity ?? '';
      for (const [input, value] of [
        [trace, query.trace],
        [search, query.search],
      ]) {
        if (document.activeElement !== input) input.value = value ?? '';
      }
      for (const [select, value] of [
        [workspace, query.workspace],
        [service, query.service],
      ]) {
        setOptions(select, optionsOf([], value), value ?? '');
      }
    },
    async refresh() {
      const { query } = route;
      const answer = await get('/logs.json', { ...query, limit: LIMIT });
      if (query !== route.query) return;
      const { logs, matching, kept } = answer;
      setOptions(workspace, optionsOf(answer.workspaces, query.workspace), query.workspace ?? '');
      setOptions(service, optionsOf(answer.services, query.service), query.service ?? '');
      const newest = matching > logs.length ? `The newest ${logs.length} of ` : '';
      const ofSpan = query.span ? ` of the span ${query.span}` : '';
      counts.replaceChildren(
        `${newest}${plural(matching, 'line')}${ofSpan}, ${kept.toLocaleString()} kept. `,
        ...(query.trace
          ? [h('a', { href: hashOf('traces', {}, query.trace) }, 'To the trace')]
          : []),
      );
      empty.hidden = logs.length > 0;
      keyed(list, logs, { key: ({ id }) => id, render: lineOf });
    },
  };
}

function optionsOf(names, chosen) {
  const all = new Set([...names, ...(chosen ? [chosen] : [])]);
  return [['', 'all'], ...[...all].map((name) => [name, name])];
}

function lineOf(line, before) {
  const { severity, message, timestampMs, service, traceId, spanId, workspaceId } = line;
  const links = [
    traceId
      ? h('a', { class: 'button', href: hashOf('traces', { span: spanId }, traceId) }, 'Its trace')
      : undefined,
    traceId
      ? h('a', { class: 'button', href: hashOf('logs', { trace: traceId }) }, 'All lines of it')
      : undefined,
  ];
  return h(
    'li',
    { 'data-severity': severity },
    h(
      'details',
      { open: before?.querySelector('details')?.open ?? false },
      h(
        'summary',
        {},
        timeOf(timestampMs),
        h('span', { class: 'chip severity' }, severity),
        h('span', { class: 'who' }, service ?? ''),
        h('span', { class: 'message' }, message),
        h('span', { class: 'said' }, saidOf(line.facts)),
        workspaceId ? h('span', { class: 'chip workspace' }, workspaceId) : undefined,
      ),
      h('p', { class: 'links' }, links),
      ...insideOf(line),
    ),
    traceId
      ? h(
          'a',
          {
            class: 'to-trace',
            href: hashOf('traces', { span: spanId }, traceId),
            'aria-label': `Trace ${traceId.slice(0, 8)} of this line`,
          },
          'trace',
        )
      : undefined,
  );
}

/** What tells a line from others like it, in a few words. */
function saidOf({ agentId, model, tool, costUsd, durationMs, errorType, errorMessage }) {
  const facts = [
    agentId,
    model,
    tool,
    costUsd && dollarsOf(costUsd),
    durationMs === undefined ? undefined : durationOf(durationMs),
  ].filter(Boolean);
  const error = [errorType, errorMessage].filter(Boolean).join(': ');
  return [
    facts.join(' · '),
    error === '' ? '' : h('span', { class: 'bad' }, `${facts.length > 0 ? ' · ' : ''}${error}`),
  ];
}

/** First what the line's author gave it, then what it came in. */
function insideOf({ fields, severity, service, workspaceId, traceId, spanId, payload }) {
  const envelope = { severity, service, workspace: workspaceId, trace: traceId, span: spanId };
  const known = Object.entries(envelope).filter(([, value]) => value);
  const stack = payload.jsonPayload?.stack_trace;
  const { stack_trace: _, ...own } = fields;
  return [
    attributesOf(own),
    ...(typeof stack === 'string' ? [h('pre', {}, stack)] : []),
    h('h3', {}, 'The entry'),
    attributesOf(Object.fromEntries(known)),
    h('pre', {}, JSON.stringify(payload, null, 2)),
  ];
}
