import { EMOJI } from './emoji.ts';
import type { Block, SlackPayload, Text } from './message.ts';

/** Text made safe inside HTML, attributes included. */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replaceAll(/[&<>"']/g, (character) => entities[character]!);
}

/** A Slack message as HTML, as it would look; blocks we do not send are shown by name. */
export function renderSlack({ text, blocks, attachments = [] }: SlackPayload): string {
  const body = blocks?.length ? blocks.map(renderBlock).join('') : renderLine(text);
  const asides = attachments.map((attachment) => {
    const inner = attachment.blocks?.map(renderBlock).join('') ?? renderLine(attachment.text);
    const color = /^#[0-9a-fA-F]{6}$/.test(attachment.color ?? '') ? attachment.color : '#888888';
    return `<div class="attachment" style="border-color:${color}">${inner}</div>`;
  });
  return body + asides.join('');
}

function renderBlock(block: Block): string {
  switch (block.type) {
    case 'header':
      return `<h3>${renderText(block.text)}</h3>`;
    case 'section': {
      const fields = (block.fields ?? [])
        .map((field) => `<div>${renderText(field)}</div>`)
        .join('');
      const text = block.text ? `<p>${renderText(block.text)}</p>` : '';
      return text + (fields && `<div class="fields">${fields}</div>`);
    }
    case 'context': {
      const elements = (block.elements ?? []).map((it) => `<span>${renderText(it as Text)}</span>`);
      return `<div class="context">${elements.join('')}</div>`;
    }
    case 'divider':
      return '<hr>';
    default:
      return `<p class="unknown">[${escapeHtml(block.type)}]</p>`;
  }
}

const renderLine = (text: string | undefined) =>
  text ? `<p>${renderText({ type: 'mrkdwn', text })}</p>` : '';

function renderText(text: Text | undefined): string {
  if (text?.text === undefined) return '';
  if (text.type === 'mrkdwn') return renderMrkdwn(text.text);
  const shown = fromEntities(text.text);
  return escapeLines(text.emoji === false ? shown : withEmoji(shown));
}

/**
 * Slack's mrkdwn as HTML: entities, `<…>` for links and mentions, then *bold*, _italic_, ~struck~ and `code`. A
 * mention that Slack would notify people by is marked as one, so that one sees it would.
 */
export function renderMrkdwn(source: string): string {
  const kept: string[] = [];
  // Finished HTML is put aside under characters that no text has, because later steps must not touch it.
  const keep = (html: string) => `\uE000${kept.push(html) - 1}\uE001`;
  const restore = (html: string): string =>
    html.replaceAll(/\uE000(\d+)\uE001/g, (_, index: string) => restore(kept[Number(index)]!));

  const marked = source
    .replaceAll(/[\uE000\uE001]/g, '')
    .replaceAll(/<([^<>\n]+)>/g, (whole, inner: string) => {
      const html = renderAngle(inner);
      return html === undefined ? whole : keep(html);
    });
  const html = escapeLines(withEmoji(fromEntities(marked)))
    .replaceAll(/```(.+?)```/gs, (_, code: string) => keep(`<pre>${code}</pre>`))
    .replaceAll(/`([^`]+?)`/g, (_, code: string) => keep(`<code>${code}</code>`))
    .replaceAll(around('\\*'), '$1<strong>$2</strong>')
    .replaceAll(around('_'), '$1<em>$2</em>')
    .replaceAll(around('~'), '$1<s>$2</s>');
  return restore(html);
}

/** Text between two marks, the first at the beginning of a word and the last at the end of one. */
function around(mark: string): RegExp {
  return new RegExp(
    `(^|[\\s(>\\p{P}])${mark}(?=\\S)((?:(?!${mark}|<br>).)*?\\S)${mark}(?![\\p{L}\\p{N}])`,
    'gu',
  );
}

function renderAngle(inner: string): string | undefined {
  const [target = '', label] = inner.split('|', 2);
  if (/^[!@#]/.test(target)) {
    const name = target.startsWith('!') ? `@${target.slice(1)}` : target;
    return `<mark>${escapeHtml(label ?? name)}</mark>`;
  }
  if (!/^(?:https?:\/\/|mailto:)/.test(target)) return undefined;
  const href = escapeHtml(fromEntities(target));
  const shown = escapeHtml(fromEntities(label ?? target.replace(/^mailto:/, '')));
  return `<a href="${href}" target="_blank" rel="noreferrer">${shown}</a>`;
}

const fromEntities = (text: string) =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

const escapeLines = (text: string) => escapeHtml(text).replaceAll('\n', '<br>');

const withEmoji = (text: string) =>
  text.replaceAll(/:([a-z0-9_+-]+):/g, (whole, name: string) => EMOJI[name] ?? whole);
