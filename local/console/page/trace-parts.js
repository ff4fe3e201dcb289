// What stands beside the waterfall: the chosen span, and what the ledger says the trace cost.
import { attributesOf, dollarsOf, durationOf, h, hashOf, numberOf, plural, timeOf } from './dom.js';

/** What a span that failed says of it: its status, else its exception, else the type of its error. */
export function errorOf({ status, events, attributes }) {
  const { attributes: thrown } = events.findLast(({ name }) => name === 'exception') ?? {};
  const exception = [thrown?.['exception.type'], thrown?.['exception.message']].filter(Boolean);
  const type = attributes['error.type'] ?? attributes['http.response.status_code'];
  return status.message || exception.join(': ') || String(type ?? 'it does not say why');
}

/** The chosen span with all it says. */
export function detailOf(span, traceId) {
  const { status, events, links } = span;
  return [
    h('h2', {}, span.name),
    h(
      'p',
      { class: 'quiet' },
      `${span.kind} span of ${span.service}, at ${durationOf(span.offsetMs)}, took ${durationOf(span.durationMs)}`,
    ),
    status.code === 'error'
      ? h('p', { class: 'bad' }, `Failed: ${errorOf(span)}`)
      : undefined,
    h(
      'p',
      {},
      h(
        'a',
        { href: hashOf('logs', { trace: traceId, span: span.spanId }) },
        'Log lines of this span',
      ),
    ),
    h('h3', {}, 'Attributes'),
    attributesOf(span.attributes),
    events.length > 0 ? h('h3', {}, 'Events') : undefined,
    events.map((event) =>
      h(
        'details',
        { open: event.name === 'exception' },
        h('summary', {}, `${event.name} at ${durationOf(event.offsetMs)}`),
        attributesOf(event.attributes),
      ),
    ),
    links.length > 0 ? h('h3', {}, 'Links') : undefined,
    links.map((link) =>
      h(
        'p',
        {},
        h('a', { href: hashOf('traces', { span: link.spanId }, link.traceId) }, link.traceId),
      ),
    ),
    h('details', {}, h('summary', {}, 'Resource'), attributesOf(span.resource)),
    h('p', { class: 'quiet' }, `Span ${span.spanId}${span.scope ? `, made by ${span.scope}` : ''}`),
  ]
    .flat()
    .filter(Boolean);
}

/** The ledger's entries of the trace with their exact amounts. */
export function costOf(cost, trace, choose) {
  const title = h('h2', { tabindex: '-1' }, 'Cost by the ledger');
  if (cost.kind === 'unavailable') {
    return [title, h('p', { class: 'bad' }, `The ledger does not answer: ${cost.reason}`)];
  }
  if (cost.rows.length === 0) {
    const late = 'a cost event is there a few seconds after its call';
    const why =
      trace.modelCalls === 0
        ? 'The ledger has nothing of this trace: no model was called in it.'
        : trace.errors > 0
          ? `The ledger has nothing of this trace: a call that failed costs nothing, and ${late}.`
          : `The ledger has nothing of this trace yet; ${late}.`;
    return [title, h('p', { class: 'quiet' }, why)];
  }
  const said = trace.spansCostUsd;
  const agree =
    said === cost.totalUsd
      ? ', which is what the spans say'
      : said === undefined
        ? ''
        : `; the spans say ${dollarsOf(said)}`;
  const unpriced = cost.unpriced > 0 ? `; ${cost.unpriced} without a price` : '';
  const columns = ['Time', 'What', 'Agent', 'Tokens', 'Price', 'USD'];
  return [
    title,
    h(
      'p',
      {},
      h('strong', { class: 'total' }, dollarsOf(cost.totalUsd)),
      ` from ${plural(cost.rows.length, 'entry').replace('entrys', 'entries')}${agree}${unpriced}`,
    ),
    h(
      'div',
      { class: 'scroll' },
      h(
        'table',
        { class: 'costs' },
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            columns.map((name) => h('th', { scope: 'col' }, name)),
          ),
        ),
        h(
          'tbody',
          {},
          cost.rows.map((row) => costRow(row, choose)),
        ),
      ),
    ),
  ];
}

function costRow(row, choose) {
  const what = [row.provider, row.model ?? row.operation].filter(Boolean).join(' ');
  const span =
    row.spanId === null
      ? what
      : h('button', { type: 'button', class: 'link', onclick: () => choose(row.spanId) }, what);
  const source = row.entry === 'correction' ? `${row.costSource}, correction` : row.costSource;
  const usd = row.costSource === 'unpriced' ? 'unpriced' : row.costUsd;
  return h(
    'tr',
    {},
    h('td', { class: 'when' }, timeOf(Date.parse(row.eventTime))),
    h('td', { class: 'what' }, span),
    h('td', { class: 'agent' }, row.agentId ?? ''),
    h('td', { class: 'number tokens' }, ...tokensOf(row)),
    h('td', { class: 'price', title: row.priceVersion ?? '' }, source.replaceAll('_', ' ')),
    h('td', { class: 'number usd' }, usd),
  );
}

/** What came in and went out, `–` where nobody knows; and whether that is estimated. */
function tokensOf({ inputTokens, outputTokens, usage }) {
  const countOf = (tokens) => (tokens === null ? '–' : numberOf(tokens));
  const none = inputTokens === null && outputTokens === null;
  return [
    none ? '–' : `${countOf(inputTokens)} → ${countOf(outputTokens)}`,
    ...(usage === 'estimated'
      ? [' ', h('span', { class: 'chip warn', title: 'The call broke off before it said' }, usage)]
      : []),
  ];
}
