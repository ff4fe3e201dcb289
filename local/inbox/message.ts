type Received = {
  /** In order of arrival when sorted as text. */
  id: string;
  /** ISO time. */
  receivedAt: string;
};

export type Mail = {
  kind: 'mail';
  /** The header's address. */
  from: string;
  /** Whom it was handed in for, which headers need not say. */
  to: string[];
  subject: string;
  text: string;
  html: string;
  messageId: string;
  /** By lower-case name; repeated ones joined with `, `. */
  headers: Record<string, string>;
};

export type SlackMessage = {
  kind: 'slack';
  /** Of the webhook, e.g. `/services/T0000/B0000/local`. */
  path: string;
  payload: SlackPayload;
  /** All texts of the message as sent, one per line. */
  text: string;
};

export type WebhookCall = {
  kind: 'webhook';
  path: string;
  headers: Record<string, string>;
  /** Parsed when it is JSON, else the text. */
  body: unknown;
};

/** What an incoming webhook takes; only checked as far as `refuseSlack` says. */
export type SlackPayload = { text?: string; blocks?: Block[]; attachments?: Attachment[] };
export type Attachment = { color?: string; text?: string; fallback?: string; blocks?: Block[] };
/** `emoji: false`: names between colons stay as they are written. */
export type Text = { type: 'mrkdwn' | 'plain_text'; text: string; emoji?: boolean };
export type Block = {
  type: string;
  text?: Text;
  fields?: Text[];
  elements?: (Partial<Text> & { type: string })[];
};

export type Content = Mail | SlackMessage | WebhookCall;
export type Message = Content & Received;
export const KINDS = ['mail', 'slack', 'webhook'] as const;
