import { setTimeout as delay } from 'node:timers/promises';
import { callbackify } from 'node:util';
import PostalMime from 'postal-mime';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import type { FaultTable } from './faults.ts';
import type { Mail } from './message.ts';
import type { Store } from './store.ts';

const MAX_MAIL_BYTES = 10 * 2 ** 20;
const CLOSE_TIMEOUT_MS = 500;

/** A mail server that takes mail of anybody for anybody and keeps it in the store: no users, no TLS, no relaying. */
export function createSmtpReceiver({ store, faults }: { store: Store; faults: FaultTable }) {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    size: MAX_MAIL_BYTES,
    closeTimeout: CLOSE_TIMEOUT_MS,
    logger: false,
    banner: 'AgentWorks local inbox',
    onConnect(_session, callback) {
      if (faults.current.smtp?.refuse) {
        faults.take('smtp');
        callback(smtpError(421, 'Service not available, closing transmission channel'));
      } else callback();
    },
    onData(stream, session, callback) {
      callbackify(receive)(stream, session, callback);
    },
  });
  // What a connection dies of is the sender's to notice.
  server.on('error', () => {});

  /** Stores the mail; throws what the sender is to be told. */
  async function receive(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (!stream.sizeExceeded) chunks.push(chunk);
    }
    if (stream.sizeExceeded) throw smtpError(552, 'Message size exceeds the fixed maximum');
    const fault = faults.current.smtp?.refuse ? undefined : faults.take('smtp');
    const mail = await parseMail(Buffer.concat(chunks), session);
    if (fault?.failDataWith === undefined) store.add(mail);
    if (fault?.delayMs) await delay(fault.delayMs, undefined, { ref: false });
    if (fault?.failDataWith) throw smtpError(fault.failDataWith, 'Not taken, as told by /faults');
  }

  return {
    /** Listens on loopback and resolves to the port; rejects when it is taken. */
    listen(port: number): Promise<number> {
      return new Promise((resolve, reject) => {
        server.server.once('error', reject);
        server.listen(port, '127.0.0.1', () => {
          const address = server.server.address();
          resolve(typeof address === 'object' && address !== null ? address.port : port);
        });
      });
    },
    /** Takes no more, and cuts what is still open after half a second. */
    close(): Promise<void> {
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

async function parseMail(raw: Buffer, { envelope }: SMTPServerSession): Promise<Mail> {
  const parsed = await PostalMime.parse(raw);
  const headers: Record<string, string> = {};
  for (const { key, value } of parsed.headers) {
    headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`;
  }
  const sender = envelope.mailFrom ? envelope.mailFrom.address : '';
  return {
    kind: 'mail',
    from: parsed.from?.address ?? sender,
    to: envelope.rcptTo.map(({ address }) => address),
    subject: parsed.subject ?? '',
    text: parsed.text ?? '',
    html: parsed.html ?? '',
    messageId: parsed.messageId ?? '',
    headers,
  };
}

function smtpError(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}
