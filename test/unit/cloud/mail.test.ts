import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createMailer, type Mail } from '../../../src/cloud/mail.ts';
import { freePort } from '../../support/redis-server.ts';
import { startSmtp } from '../../support/smtp.ts';

const open: { stop: () => Promise<unknown> }[] = [];
afterEach(() => Promise.all(open.splice(0).map((server) => server.stop())));

const MAIL: Mail = {
  to: ['owner@acme.example', 'two@acme.example'],
  subject: 'Ärger: 90 %',
  text: 'plain',
  html: '<p>plain</p>',
  messageId: '<a.b@agentworks-observability>',
};
const mailerAt = (smtpUrl: string | undefined) =>
  createMailer({ smtpUrl, from: 'alerts@example.com', totalTimeoutMs: 500, socketTimeoutMs: 400 });

async function serve(...options: Parameters<typeof startSmtp>) {
  const server = await startSmtp(...options);
  open.push(server);
  return server;
}

const refuse = (responseCode: number) =>
  Object.assign(new Error('secret words of the server'), { responseCode });

describe('a mail', () => {
  test('arrives with its subject, both texts, its own Message-ID, and as sent by a machine', async () => {
    const server = await serve();
    expect(await mailerAt(server.url)(MAIL)).toEqual({ kind: 'sent' });
    const [{ to, mail }] = server.mails as [(typeof server.mails)[number]];
    expect(to).toEqual(MAIL.to);
    expect(mail).toMatchObject({
      subject: MAIL.subject,
      messageId: MAIL.messageId,
      html: expect.stringContaining(MAIL.html),
      text: expect.stringContaining('plain'),
    });
    expect(mail.headers).toContainEqual(
      expect.objectContaining({ key: 'auto-submitted', value: 'auto-generated' }),
    );
  });

  test('whose subject holds a line break adds no header', async () => {
    const server = await serve();
    await mailerAt(server.url)({ ...MAIL, subject: 'a\r\nBcc: thief@example.com' });
    expect(server.mails[0]!.to).toEqual(MAIL.to);
    expect(server.mails[0]!.raw).not.toMatch(/^Bcc:/m);
  });

  test.each([550, 451])(
    'that some addresses refuse with %i is sent, and not again: they are named',
    async (code) => {
      const server = await serve({
        onRcptTo: ({ address }, _, done) =>
          done(address.startsWith('two') ? refuse(code) : undefined),
      });
      expect(await mailerAt(server.url)(MAIL)).toEqual({
        kind: 'sent',
        detail: `refused by the mail server, and not tried again: two@acme.example (${code})`,
      });
    },
  );
});

describe('a mail server that', () => {
  test.each<[string, Parameters<typeof startSmtp>[0], boolean, string]>([
    ['knows no recipient', { onRcptTo: (_, __, done) => done(refuse(550)) }, false, '550'],
    ['is busy', { onRcptTo: (_, __, done) => done(refuse(451)) }, true, '451'],
    ['refuses the sender for now', { onMailFrom: (_, __, done) => done(refuse(421)) }, true, '421'],
    [
      'refuses the message',
      { onData: (stream, _, done) => void stream.on('end', () => done(refuse(554))).resume() },
      false,
      '554',
    ],
    ['lets nobody in', { onConnect: (_, done) => done(refuse(554)) }, true, '554'],
  ])('%s: its code decides, its words are not repeated', async (_, options, retryable, code) => {
    const server = await serve(options);
    const result = await mailerAt(server.url)(MAIL);
    expect(result).toMatchObject({ kind: 'failed', retryable, ambiguous: false });
    expect(JSON.stringify(result)).toContain(code);
    expect(JSON.stringify(result)).not.toContain('secret words');
  });

  test('is not there: to be tried again, nothing can have arrived', async () => {
    const result = await mailerAt(`smtp://user:pa55@127.0.0.1:${await freePort()}`)(MAIL);
    expect(result).toMatchObject({ kind: 'failed', retryable: true, ambiguous: false });
    expect(JSON.stringify(result)).not.toContain('pa55');
  });

  test('is not configured: said by the name of the setting', async () => {
    expect(await mailerAt(undefined)(MAIL)).toMatchObject({
      retryable: true,
      ambiguous: false,
      detail: 'no mail server is configured (SMTP_URL)',
    });
  });

  test('never greets: to be tried again within the time, nothing can have arrived', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const result = await mailerAt(`smtp://127.0.0.1:${port}`)(MAIL);
    expect(result).toMatchObject({ kind: 'failed', retryable: true, ambiguous: false });
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  test('takes the message and falls silent: ambiguous', async () => {
    const server = await serve({ onData: (stream) => void stream.resume(), closeTimeout: 1 });
    expect(await mailerAt(server.url)(MAIL)).toEqual({
      kind: 'failed',
      retryable: true,
      ambiguous: true,
      detail: 'the mail server did not answer in time',
    });
  });
});
