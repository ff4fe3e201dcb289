import type { Endpoints } from '../../local/endpoints.ts';
import { eventually } from './waiting.ts';

/** One message as the local inbox gives it; a mail has a subject and receivers, a Slack message a payload. */
export type InboxMessage = {
  kind: 'mail' | 'slack' | 'webhook';
  receivedAt: string;
  to?: string[];
  subject?: string;
  text?: string;
  html?: string;
  messageId?: string;
  payload?: unknown;
  path?: string;
  body?: unknown;
  headers?: Record<string, string>;
};

/** The local inbox from outside: what arrived, and what goes wrong there. */
export function createInbox(endpoints: Endpoints) {
  async function messages(): Promise<InboxMessage[]> {
    const response = await fetch(`${endpoints.inbox}/messages.json`);
    return ((await response.json()) as { messages: InboxMessage[] }).messages;
  }

  /** Those that hold the text, in order of arrival. */
  async function about(text: string, kind?: InboxMessage['kind']): Promise<InboxMessage[]> {
    return (await messages()).filter(
      (message) =>
        (kind === undefined || message.kind === kind) && JSON.stringify(message).includes(text),
    );
  }

  return {
    messages,
    about,

    /** Waits until so many messages hold the text, and returns them. */
    arrived(text: string, count: number, options: { timeoutMs?: number } = {}) {
      return eventually(
        async () => {
          const found = await about(text);
          return found.length >= count && found;
        },
        { timeoutMs: options.timeoutMs ?? 20_000, what: `${count} messages about ${text}` },
      );
    },

    /** What the receivers are to do wrong from now on. */
    async faults(faults: object): Promise<void> {
      const response = await fetch(`${endpoints.inbox}/faults`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(faults),
      });
      if (!response.ok) throw new Error(`faults: ${response.status} ${await response.text()}`);
    },

    async heal(): Promise<void> {
      await fetch(`${endpoints.inbox}/faults`, { method: 'DELETE' });
    },
  };
}
