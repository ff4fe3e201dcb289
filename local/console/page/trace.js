// One trace: what it cost by the ledger, its spans as a waterfall, and the chosen span.
import { dollarsOf, durationOf, get, h, hashOf, plural, timeOf } from './dom.js';
import { costOf, detailOf, errorOf } from './trace-parts.js';
import { nested, spanRow } from './waterfall.js';

const MAX_FAILURES = 3;

export function createTrace() {
  const head = h('header', { class: 'card tracehead' });
  const cost = h('section', { class: 'card', 'aria-label': 'Cost of the trace' });
  const waterfall = h('ul', { class: 'waterfall plain', 'aria-label': 'Spans' });
  const detail = h('aside', { class: 'card detail', 'aria-label': 'The chosen span' });
  const body = h('div', { class: 'split' }, h('div', { class: 'card' }, waterfall), detail);
  const root = h('div', { class: 'stack' }, head, body, cost);
  body.hidden = cost.hidden = true;
  let route = { id: '', query: {} };
  let shown = { id: '', state: '' };
  let known;

  const choose = (spanId) => {
    location.replace(hashOf('traces', { span: spanId }, route.id));
  };

  function draw() {
    const { trace, spans, cost: amount } = known;
    const tree = nested(spans);
    const chosen = spans.find(({ spanId }) => spanId === route.query.span) ?? tree[0].span;
    head.replaceChildren(...headOf(trace, amount), ...failuresOf(spans, choose));
    const focused = waterfall.contains(document.activeElement)
      ? document.activeElement.dataset.span
      : undefined;
    const rows = tree.map(({ span, depth, orphan }) =>
      spanRow(span, { depth, orphan, total: trace.durationMs || 0.001, chosen, choose }),
    );
    waterfall.replaceChildren(...rows);
    if (focused) waterfall.querySelector(`[data-span="${focused}"]`)?.focus();
    detail.replaceChildren(...detailOf(chosen, trace.traceId));
    cost.replaceChildren(...costOf(amount, trace, choose));
  }

  waterfall.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const rows = [...waterfall.querySelectorAll('button')];
    const next = rows[rows.indexOf(document.activeElement) + step];
    if (step === undefined || next === undefined) return;
    event.preventDefault();
    next.focus();
    choose(next.dataset.span);
  });

  return {
    root,
    route(next) {
      route = next;
      if (shown.id === next.id && known) return draw();
      body.hidden = cost.hidden = true;
      head.replaceChildren(h('p', { class: 'quiet' }, 'Loading …'));
    },
    async refresh() {
      const { id } = route;
      try {
        const answer = await get(`/traces/${id}.json`);
        if (id !== route.id) return;
        const state = JSON.stringify(answer);
        if (shown.id === id && shown.state === state) return;
        shown = { id, state };
        known = answer;
        body.hidden = cost.hidden = false;
        draw();
      } catch (error) {
        if (error.status !== 404 || id !== route.id) throw error;
        shown = { id: '', state: '' };
        body.hidden = cost.hidden = true;
        const { matching } = await get('/logs.json', { trace: id, limit: 1 });
        if (id === route.id) head.replaceChildren(...missing(id, error.message, matching));
      }
    },
  };
}

/** A trace that is not here; its log lines only where there are some. */
function missing(id, reason, lines) {
  const toLines = h('a', { href: hashOf('logs', { trace: id }) }, plural(lines, 'log line'));
  return [
    h('a', { href: '#traces' }, '← Traces'),
    h('h2', {}, 'No such trace'),
    h('p', {}, reason),
    ...(lines > 0 ? [h('p', {}, 'It left ', toLines, '.')] : []),
  ];
}

/** What went wrong, where it began: spans that failed and have no child that did. */
function failuresOf(spans, choose) {
  const failed = spans.filter(({ status }) => status.code === 'error');
  const parents = new Set(failed.map(({ parentSpanId }) => parentSpanId));
  const first = failed.filter(({ spanId }) => !parents.has(spanId));
  const more = first.length - MAX_FAILURES;
  return [
    ...first.slice(0, MAX_FAILURES).map((span) =>
      h(
        'p',
        { class: 'failure' },
        h(
          'button',
          { type: 'button', class: 'link', onclick: () => choose(span.spanId) },
          span.name,
        ),
        ` failed: ${errorOf(span)}`,
      ),
    ),
    ...(more > 0 ? [h('p', { class: 'failure' }, `and ${plural(more, 'span')} more`)] : []),
  ];
}

function headOf(trace, cost) {
  const facts = [
    ['Start', timeOf(trace.startMs)],
    ['Duration', durationOf(trace.durationMs)],
    ['Spans', `${trace.spans}${trace.droppedSpans ? ` (+${trace.droppedSpans} not kept)` : ''}`],
    ['Workspace', trace.workspaces.join(', ') || '–'],
    ['Services', trace.services.join(', ')],
    ['Model calls', String(trace.modelCalls)],
    ['Cost', costText(cost)],
  ];
  return [
    h('a', { href: '#traces' }, '← Traces'),
    h('h2', {}, trace.name),
    h('code', { class: 'id' }, trace.traceId),
    h(
      'dl',
      { class: 'facts' },
      facts.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
    ),
    h(
      'p',
      { class: 'links' },
      h('a', { class: 'button', href: hashOf('logs', { trace: trace.traceId }) }, 'Its log lines'),
      h('a', { class: 'button', href: '#cost', onclick: toCost }, 'Its cost'),
    ),
  ];
}

function costText({ rows = [], totalUsd }) {
  if (rows.length === 0) return '–';
  const isEstimated = rows.some(({ usage }) => usage === 'estimated');
  return isEstimated ? `${dollarsOf(totalUsd)}, partly estimated` : dollarsOf(totalUsd);
}

function toCost(event) {
  event.preventDefault();
  const section = document.querySelector('[aria-label="Cost of the trace"]');
  section.scrollIntoView({ block: 'nearest' });
  section.querySelector('h2').focus();
}
