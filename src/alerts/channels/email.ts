import { hash } from 'node:crypto';
import type { Mail } from '../../cloud/mail.ts';
import type { Alert, Severity } from '../alert.ts';
import type { Channel } from '../routing.ts';
import { contentOf, cut } from './content.ts';

const MAX_SUBJECT = 200;
const COLORS: Record<Severity, string> = {
  low: '#2f6f4f',
  medium: '#9a6700',
  high: '#c2410c',
  critical: '#b42318',
};

/**
 * The mail about an alert, the same however often it is made: text and HTML of equal content, everything in the HTML
 * escaped, and a Message-ID per alert and channel by which receivers recognise a repeat. Pure.
 */
export function renderMail(alert: Alert, channel: Channel): Mail {
  const { target } = channel.body;
  return {
    to: target.kind === 'email' ? target.to : [],
    subject: cut(`[${alert.severity}] ${contentOf(alert).title}`, MAX_SUBJECT),
    text: renderText(alert),
    html: renderHtml(alert),
    messageId: messageIdOf(alert, channel),
    headers: { 'X-AgentWorks-Alert-Id': alert.id },
  };
}

/** Ids of workspaces and channels may hold characters, or be of a length, that a Message-ID must not have. */
function messageIdOf({ id, workspaceId }: Alert, { scope, id: channelId }: Channel): string {
  const place = hash('sha256', JSON.stringify([workspaceId, scope, channelId]), 'hex').slice(0, 16);
  return `<${id}.${place}@agentworks-observability>`;
}

function renderText(alert: Alert): string {
  const { title, message, facts, used, recommendations, footer } = contentOf(alert);
  const width = Math.max(...facts.map(({ name }) => name.length));
  const bar =
    used && `[${'#'.repeat(used.filledOf20).padEnd(20, '.')}] ${used.percent} % of the limit`;
  return [
    title,
    '',
    message,
    '',
    ...(bar === undefined ? [] : [bar, '']),
    ...facts.map(({ name, value }) => `${`${name}:`.padEnd(width + 2)}${value}`),
    ...(recommendations.length === 0 ? [] : ['', 'What would bring it down:']),
    ...recommendations.map((text) => `- ${text}`),
    '',
    '-- ',
    footer,
    '',
  ].join('\n');
}

function renderHtml(alert: Alert): string {
  const { title, message, facts, used, recommendations, footer } = contentOf(alert);
  const color = COLORS[alert.severity];
  const filled = (used?.filledOf20 ?? 0) * 5;
  const bar =
    used === undefined
      ? ''
      : `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="margin:0 0 6px"><tr>${
          filled === 0 ? '' : `<td width="${filled}%" height="10" bgcolor="${color}"></td>`
        }${
          filled === 100 ? '' : `<td width="${100 - filled}%" height="10" bgcolor="#e5e7eb"></td>`
        }</tr></table><p style="margin:0 0 18px;color:#4b5563">${escapeHtml(used.percent)} % of the limit</p>`;
  const rows = facts
    .map(
      ({ name, value }) =>
        `<tr><td style="padding:5px 16px 5px 0;color:#6b7280;vertical-align:top">${escapeHtml(
          name,
        )}</td><td style="padding:5px 0;color:#111827">${escapeHtml(value)}</td></tr>`,
    )
    .join('');
  const list =
    recommendations.length === 0
      ? ''
      : `<p style="margin:18px 0 6px;font-weight:600">What would bring it down</p><ul style="margin:0;padding-left:20px">${recommendations
          .map((text) => `<li style="margin:4px 0">${escapeHtml(text)}</li>`)
          .join('')}</ul>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title></head>
<body style="margin:0;padding:24px;background:#f3f4f6;font:15px/1.5 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;color:#111827">
<table role="presentation" align="center" width="100%" cellpadding="0" cellspacing="0" style="max-width:600px;background:#ffffff;border-radius:8px">
<tr><td height="4" bgcolor="${color}"></td></tr>
<tr><td style="padding:24px">
<p style="margin:0 0 4px;font-size:12px;letter-spacing:.05em;text-transform:uppercase;color:${color}">${escapeHtml(alert.severity)}</p>
<h1 style="margin:0 0 12px;font-size:20px;line-height:1.3">${escapeHtml(title)}</h1>
<p style="margin:0 0 18px">${escapeHtml(message)}</p>
${bar}
<table role="presentation" cellpadding="0" cellspacing="0" style="font-size:14px">${rows}</table>
${list}
</td></tr>
<tr><td style="padding:0 24px 20px;font-size:12px;color:#6b7280">${escapeHtml(footer)}</td></tr>
</table>
</body></html>
`;
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** The text as it stands, in HTML content and quoted attributes alike. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (char) => ENTITIES[char]!);
}
