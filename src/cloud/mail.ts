import { PassThrough } from 'node:stream';
import nodemailer from 'nodemailer';
import type { SendResult } from './sending.ts';

/** One mail; addresses are plain ones, without names or comments. */
export type Mail = {
  to: readonly string[];
  subject: string;
  text: string;
  html: string;
  /** With angle brackets; the same mail has the same however often it is sent. */
  messageId: string;
  headers?: Record<string, string>;
};

export type Mailer = ReturnType<typeof createMailer>;

const CONNECTION_TIMEOUT_MS = 5_000;
const GREETING_TIMEOUT_MS = 5_000;
const SOCKET_TIMEOUT_MS = 10_000;
const TOTAL_TIMEOUT_MS = 20_000;

/** Hands mails in at an SMTP server, each over a connection of its own. */
export function createMailer({
  smtpUrl,
  from,
  totalTimeoutMs = TOTAL_TIMEOUT_MS,
  socketTimeoutMs = SOCKET_TIMEOUT_MS,
}: {
  /** `smtp://` or `smtps://`, with credentials; absent: nothing can be sent. */
  smtpUrl: string | undefined;
  from: string;
  totalTimeoutMs?: number;
  socketTimeoutMs?: number;
}) {
  /**
   * Sends one mail to all its addresses, within 20 seconds. `sent` once the server has taken it for at least one address:
   * to send it again would be a second mail to that one. `detail` names those it refused, for good or for now. Never throws.
   */
  return async function send(mail: Mail): Promise<SendResult> {
    if (smtpUrl === undefined) {
      const detail = 'no mail server is configured (SMTP_URL)';
      return { kind: 'failed', retryable: true, ambiguous: false, detail };
    }
    const transport = nodemailer.createTransport({
      url: smtpUrl,
      connectionTimeout: Math.min(CONNECTION_TIMEOUT_MS, totalTimeoutMs),
      greetingTimeout: Math.min(GREETING_TIMEOUT_MS, totalTimeoutMs),
      socketTimeout: socketTimeoutMs,
    });
    let handedOver = false;
    transport.use('stream', (message, done) => {
      // Asked for when the server has greeted and let us in; before that nothing can have arrived.
      message.message.transform(() => {
        handedOver = true;
        return new PassThrough();
      });
      done();
    });
    try {
      const info = await transport.sendMail({
        from: { name: 'AgentWorks Observability', address: from },
        to: mail.to.map((address) => ({ name: '', address })),
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        messageId: mail.messageId,
        headers: { ...mail.headers, 'Auto-Submitted': 'auto-generated' },
        // Nothing of ours is a file or an address to be fetched.
        disableFileAccess: true,
        disableUrlAccess: true,
        signal: AbortSignal.timeout(totalTimeoutMs),
      });
      return { kind: 'sent', ...refusalsOf(info) };
    } catch (error) {
      return failureOf(error as MailError, handedOver);
    } finally {
      transport.close();
    }
  };
}

type MailError = Error & {
  code?: string;
  command?: string;
  responseCode?: number;
  /** The address it is about. */
  recipient?: string;
};

function refusalsOf({
  rejected = [],
  rejectedErrors = [],
}: {
  rejected?: readonly unknown[];
  rejectedErrors?: readonly MailError[];
}): { detail?: string } {
  if (rejected.length === 0) return {};
  const codes = new Map(rejectedErrors.map((error) => [error.recipient, error.responseCode]));
  const named = rejected.map((address) => {
    const code = codes.get(String(address));
    return code === undefined ? String(address) : `${address} (${code})`;
  });
  return { detail: `refused by the mail server, and not tried again: ${named.join(', ')}` };
}

/** The server's words are left out: they may quote what it was given. */
function failureOf(error: MailError, handedOver: boolean): SendResult {
  const { code = 'ESEND', command, responseCode } = error;
  if (responseCode !== undefined) {
    // Who refuses us altogether may let us in again when somebody has set it right.
    const ours = code === 'EAUTH' || code === 'ECONNECTION' || code === 'EPROTOCOL';
    return {
      kind: 'failed',
      retryable: responseCode < 500 || ours,
      ambiguous: false,
      detail: `the mail server answered ${responseCode} to ${command ?? 'the message'}`,
    };
  }
  const timedOut = code === 'ETIMEDOUT' || error.name === 'AbortError';
  const detail = timedOut ? 'the mail server did not answer in time' : `no mail server: ${code}`;
  return {
    kind: 'failed',
    // An envelope that cannot even be handed in stays as it is.
    retryable: code !== 'EENVELOPE',
    ambiguous: handedOver && code !== 'EENVELOPE',
    detail,
  };
}
