import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IncomingWebhook } from '@slack/webhook';
import { createTransport } from 'nodemailer';
import { createInbox } from '../../../local/inbox/inbox.ts';
import type { Message } from '../../../local/inbox/message.ts';

/** The inbox on free ports with the clients our services send with. */
export async function startHarness() {
  const dir = mkdtempSync(join(tmpdir(), 'inbox-'));
  const file = join(dir, 'inbox.jsonl');
  let inbox = createInbox({ file });
  await inbox.start();

  return {
    file,
    get url() {
      return inbox.addresses.url;
    },
    get slackUrl() {
      return `${inbox.addresses.url}/services/T0000/B0000/local`;
    },
    mailer: () =>
      createTransport({ url: `smtp://${inbox.addresses.smtp}`, connectionTimeout: 5_000 }),
    slack(): IncomingWebhook {
      return new IncomingWebhook(this.slackUrl);
    },
    async messages(query = ''): Promise<Message[]> {
      const response = await fetch(`${inbox.addresses.url}/messages.json${query}`);
      return ((await response.json()) as { messages: Message[] }).messages;
    },
    async faults(body: unknown): Promise<Response> {
      const init = { method: 'PUT', body: JSON.stringify(body) };
      return await fetch(`${inbox.addresses.url}/faults`, init);
    },
    /** Another process with the same file, as after a crash. */
    async restart(): Promise<void> {
      await inbox.close();
      inbox = createInbox({ file });
      await inbox.start();
    },
    async close(): Promise<void> {
      await inbox.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
