import type { Block, SlackPayload } from './message.ts';

/** Incoming webhooks' own answers (docs.slack.dev/messaging/sending-messages-using-incoming-webhooks). */
export type SlackRefusal = 'invalid_payload' | 'no_text' | 'invalid_blocks';

const MAX_BLOCKS = 50;
const MAX_HEADER = 150;
const MAX_SECTION = 3_000;
const MAX_FIELDS = 10;
const MAX_FIELD = 2_000;
const MAX_ELEMENTS = 10;

const BLOCK_TYPES = [
  'actions',
  'context',
  'divider',
  'file',
  'header',
  'image',
  'input',
  'markdown',
  'rich_text',
  'section',
  'table',
  'video',
];

/** The payload of a webhook's body, which is JSON, alone or in the form field `payload`. */
export function parseSlackPayload(body: string, contentType: string): unknown {
  const form = contentType.startsWith('application/x-www-form-urlencoded');
  return JSON.parse(form ? (new URLSearchParams(body).get('payload') ?? '') : body);
}

/** Why Slack would not take a payload; undefined when it would. */
export function refuseSlack(payload: unknown): SlackRefusal | undefined {
  if (payload === null || typeof payload !== 'object' || Array.isArray(payload)) {
    return 'invalid_payload';
  }
  const { text, blocks, attachments } = payload as Record<string, unknown>;
  if (text !== undefined && typeof text !== 'string') return 'invalid_payload';
  if (attachments !== undefined && !Array.isArray(attachments)) return 'invalid_payload';
  if (blocks !== undefined && !areBlocks(blocks)) return 'invalid_blocks';
  for (const attachment of (attachments as { blocks?: unknown }[]) ?? []) {
    if (attachment?.blocks !== undefined && !areBlocks(attachment.blocks)) return 'invalid_blocks';
  }
  const isEmpty = (list: unknown) => !Array.isArray(list) || list.length === 0;
  if (!text && isEmpty(blocks) && isEmpty(attachments)) return 'no_text';
  return undefined;
}

/** All texts of a message as sent, one per line: what notifications show, then the blocks'. */
export function flattenSlack({ text, blocks = [], attachments = [] }: SlackPayload): string {
  const lines = [text, ...blocks.flatMap(textsOf)];
  for (const attachment of attachments) {
    lines.push(
      attachment.text ?? attachment.fallback,
      ...(attachment.blocks ?? []).flatMap(textsOf),
    );
  }
  return lines.filter((line) => line).join('\n');
}

function textsOf({ text, fields = [], elements = [] }: Block): (string | undefined)[] {
  return [text?.text, ...fields.map((field) => field.text), ...elements.map((it) => it.text)];
}

function areBlocks(blocks: unknown): boolean {
  return Array.isArray(blocks) && blocks.length <= MAX_BLOCKS && blocks.every(isBlock);
}

/** Checks the blocks an alert is made of; of others only that there is such a type. */
function isBlock(value: unknown): boolean {
  const block = value as Record<string, unknown> | null;
  switch (block?.type) {
    case 'header':
      return isText(block.text, MAX_HEADER, ['plain_text']);
    case 'section': {
      const { text, fields } = block;
      if (text === undefined && fields === undefined) return false;
      if (text !== undefined && !isText(text, MAX_SECTION)) return false;
      return fields === undefined || isListOf(fields, MAX_FIELDS, (it) => isText(it, MAX_FIELD));
    }
    case 'context':
      return isListOf(
        block.elements,
        MAX_ELEMENTS,
        (it) => (it as { type?: unknown } | null)?.type === 'image' || isText(it, MAX_SECTION),
      );
    default:
      return BLOCK_TYPES.includes(block?.type as string);
  }
}

function isListOf(list: unknown, max: number, check: (item: unknown) => boolean): boolean {
  return Array.isArray(list) && list.length > 0 && list.length <= max && list.every(check);
}

function isText(value: unknown, max: number, types = ['plain_text', 'mrkdwn']): boolean {
  const { type, text } = (value ?? {}) as { type?: string; text?: unknown };
  return (
    types.includes(type ?? '') && typeof text === 'string' && text.length > 0 && text.length <= max
  );
}
