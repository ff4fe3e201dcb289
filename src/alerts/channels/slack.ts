import type { SlackMessage } from '../../cloud/slack.ts';
import type { Alert, Severity } from '../alert.ts';
import { contentOf, cut } from './content.ts';

/** Slack's limits (docs.slack.dev/reference/block-kit/blocks). */
const MAX_HEADER = 150;
const MAX_SECTION = 3_000;
const MAX_FALLBACK = 3_000;
const MAX_FIELDS = 10;
const MAX_FIELD = 2_000;
const MAX_RECOMMENDATIONS = 20;

const MARKS: Record<Severity, string> = {
  low: '🟢',
  medium: '🟡',
  high: '🟠',
  critical: '🔴',
};

/**
 * The Slack message about an alert. Blocks are plain text, and the three characters that Slack gives a meaning to are
 * escaped everywhere (it turns them back for display), so that `<!channel>` calls nobody. Pure.
 */
export function renderSlack(alert: Alert): SlackMessage {
  const { title, message, facts, used, recommendations, footer } = contentOf(alert);
  const heading = `${MARKS[alert.severity]} ${title}`;
  const blocks: NonNullable<SlackMessage['blocks']> = [
    { type: 'header', text: plain(heading, MAX_HEADER) },
    section(message),
  ];
  if (used !== undefined) {
    const bar = '█'.repeat(used.filledOf20).padEnd(20, '░');
    blocks.push(section(`${bar} ${used.percent} % of the limit`));
  }
  for (let first = 0; first < facts.length; first += MAX_FIELDS) {
    const fields = facts
      .slice(first, first + MAX_FIELDS)
      .map(({ name, value }) => plain(`${name}: ${value}`, MAX_FIELD));
    blocks.push({ type: 'section', fields });
  }
  if (recommendations.length > 0) {
    blocks.push({ type: 'divider' });
    for (const text of recommendations.slice(0, MAX_RECOMMENDATIONS)) {
      blocks.push(section(`• ${text}`));
    }
  }
  blocks.push({ type: 'context', elements: [plain(footer, MAX_FIELD)] });
  return { text: escaped(`${heading}: ${message}`, MAX_FALLBACK), blocks };
}

/** `emoji: false`: a `:name:` in somebody's text stays that. */
function plain(text: string, maxLength: number) {
  return { type: 'plain_text' as const, text: escaped(text, maxLength) || '-', emoji: false };
}

function section(text: string) {
  return { type: 'section' as const, text: plain(text, MAX_SECTION) };
}

/** Escaped, and cut so that the entities fit too and none is cut in two. */
function escaped(text: string, maxLength: number): string {
  for (let length = Math.min(text.length, maxLength); ; ) {
    const entities = escapeSlack(cut(text, length));
    if (entities.length <= maxLength) return entities;
    // A character is at most five once it is escaped: this never takes away too much.
    length -= Math.ceil((entities.length - maxLength) / 5);
  }
}

/** The three characters that Slack gives a meaning to (docs.slack.dev/messaging/formatting-message-text). */
export function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
