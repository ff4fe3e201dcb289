// The spans of a trace as rows of a waterfall.
import { dollarsOf, durationOf, h, numberOf } from './dom.js';

/** Spans in the order of a tree, children by their start; those whose parent is not here stand for themselves. */
export function nested(spans) {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const children = Map.groupBy(spans, ({ parentSpanId }) =>
    byId.has(parentSpanId) ? parentSpanId : '',
  );
  const rows = [];
  const seen = new Set();
  const visit = (span, depth) => {
    if (seen.has(span.spanId)) return;
    seen.add(span.spanId);
    rows.push({ span, depth, orphan: depth === 0 && span.parentSpanId !== undefined });
    for (const child of children.get(span.spanId) ?? []) visit(child, depth + 1);
  };
  for (const span of children.get('') ?? []) visit(span, 0);
  // Spans that name each other as parents.
  for (const span of spans) visit(span, 0);
  return rows;
}

export function spanRow(span, { depth, orphan, total, chosen, choose }) {
  const bar = h('i', { class: `bar ${span.genAi ? 'ai' : ''}` });
  bar.style.left = `${Math.min(99.5, (100 * span.offsetMs) / total)}%`;
  bar.style.width = `${Math.max(0.5, (100 * span.durationMs) / total)}%`;
  const label = h('span', { class: 'name' }, h('b', {}, span.name), ` ${span.service}`);
  const model = span.genAi && genAiLine(span.genAi);
  for (const text of [label, model]) {
    text?.style.setProperty('--depth', Math.min(depth, 12));
  }
  const button = h(
    'button',
    {
      type: 'button',
      'data-span': span.spanId,
      'aria-pressed': String(span === chosen),
      class: span.status.code === 'error' ? 'bad' : '',
      title: orphan ? 'Its parent has not come' : undefined,
      onclick: () => choose(span.spanId),
    },
    label,
    h('span', { class: 'track' }, bar),
    h('span', { class: 'took' }, durationOf(span.durationMs)),
    model,
  );
  return h('li', {}, button);
}

/** What was called with how many tokens, and apart from it what it cost, which is never cut off. */
function genAiLine({ operation, model, tool, agent, costUsd, ...usage }) {
  const what = operation === 'execute_tool' ? tool : (model ?? agent);
  const text = [operation, what, tokensOf(usage)].filter(Boolean).join(' · ');
  return h(
    'span',
    { class: 'ai' },
    h('span', {}, text),
    costUsd ? h('span', { class: 'money' }, dollarsOf(costUsd)) : undefined,
  );
}

function tokensOf({ inputTokens, outputTokens, estimated }) {
  if (inputTokens === undefined && outputTokens === undefined) return undefined;
  const counts = `${numberOf(inputTokens ?? 0)} → ${numberOf(outputTokens ?? 0)} tokens`;
  return estimated ? `${counts}, estimated` : counts;
}
