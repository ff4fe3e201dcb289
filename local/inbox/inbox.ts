import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createFaultTable } from './faults.ts';
import { createInboxServer } from './http.ts';
import { createSmtpReceiver } from './smtp.ts';
import { createStore } from './store.ts';

/**
 * Where the local cloud's mails, Slack messages and webhooks arrive: real receivers on 127.0.0.1 and a page that
 * shows what came. `start` once; `close` cuts what is under way and may be called twice.
 */
export function createInbox(options: {
  /** Keeps the messages over restarts. */
  file: string;
  /** 0 or absent: any free one; likewise `smtpPort`. */
  port?: number;
  smtpPort?: number;
  now?: () => number;
}) {
  const faults = createFaultTable();
  const store = createStore({ file: options.file, now: options.now ?? Date.now });
  const server = createInboxServer({ store, faults });
  const smtp = createSmtpReceiver({ store, faults });
  const addresses = { url: '', smtp: '' };
  let listening = false;

  return {
    /** `url` of page and webhooks and `smtp` as host:port, known once `start` has resolved. */
    addresses: addresses as Readonly<typeof addresses>,
    /** Listens; rejects when a port is taken. */
    async start(): Promise<void> {
      server.listen(options.port ?? 0, '127.0.0.1');
      await once(server, 'listening');
      addresses.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      addresses.smtp = `127.0.0.1:${await smtp.listen(options.smtpPort ?? 0)}`;
      listening = true;
    },
    async close(): Promise<void> {
      if (!listening) return;
      listening = false;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await Promise.all([closed, smtp.close()]);
    },
  };
}
