import { escapeHtml, renderSlack } from './blocks.ts';
import type { Mail, Message, SlackMessage, WebhookCall } from './message.ts';

/** One message as HTML for the page; whatever the message holds, no script of it runs. */
export function renderCard(message: Message): string {
  const { id, kind, receivedAt } = message;
  const time = `<time datetime="${escapeHtml(receivedAt)}">${escapeHtml(receivedAt)}</time>`;
  return `<article id="m-${escapeHtml(id)}" data-kind="${kind}">${bodyOf(message, time)}</article>`;
}

function bodyOf(message: Message, time: string): string {
  switch (message.kind) {
    case 'mail':
      return renderMail(message, time);
    case 'slack':
      return renderSlackMessage(message, time);
    case 'webhook':
      return renderWebhook(message, time);
  }
}

function renderMail(mail: Mail, time: string): string {
  const { from, to, subject, text, html, headers } = mail;
  const rows = Object.entries(headers).map(
    ([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`,
  );
  const content = html
    ? `<iframe title="The mail" sandbox="allow-same-origin allow-popups" srcdoc="${escapeHtml(documentOf(html))}"></iframe>`
    : `<pre>${escapeHtml(text)}</pre>`;
  return [
    `<header><span class="kind">Mail</span><h2>${escapeHtml(subject) || '(no subject)'}</h2>${time}</header>`,
    `<p class="who">from <b>${escapeHtml(from)}</b> to <b>${escapeHtml(to.join(', '))}</b></p>`,
    content,
    html && text ? `<details><summary>Text</summary><pre>${escapeHtml(text)}</pre></details>` : '',
    `<details><summary>Headers</summary><dl>${rows.join('')}</dl></details>`,
  ].join('');
}

/** Frames allow no scripts; this keeps them from loading anything and has links open in tabs of their own. */
function documentOf(html: string): string {
  const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";
  return `<meta http-equiv="Content-Security-Policy" content="${policy}"><base target="_blank">${html}`;
}

function renderSlackMessage({ path, payload }: SlackMessage, time: string): string {
  return [
    `<header><span class="kind">Slack</span><code class="path">${escapeHtml(path)}</code>${time}</header>`,
    '<div class="slack"><div class="avatar" aria-hidden="true">A</div><div>',
    `<p class="sender"><b>AgentWorks</b> <span class="app">APP</span></p>`,
    `${renderSlack(payload)}</div></div>`,
    renderJson('Payload', payload),
  ].join('');
}

function renderWebhook({ path, headers, body }: WebhookCall, time: string): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body, null, 2);
  return [
    `<header><span class="kind">Webhook</span><code class="path">POST ${escapeHtml(path)}</code>${time}</header>`,
    `<pre>${escapeHtml(text)}</pre>`,
    renderJson('Headers', headers),
  ].join('');
}

function renderJson(title: string, value: unknown): string {
  const text = escapeHtml(JSON.stringify(value, null, 2));
  return `<details><summary>${title}</summary><pre>${text}</pre></details>`;
}
