import { appendFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '../../e2e/waiting.ts';
import { startHarness } from './harness.ts';

let inbox: Awaited<ReturnType<typeof startHarness>>;
beforeEach(async () => {
  inbox = await startHarness();
});
afterEach(() => inbox.close());

const MAIL = {
  from: { name: 'AgentWorks', address: 'alerts@agentworks.example' },
  to: ['owner@acme.example', 'finance@acme.example'],
  bcc: 'audit@acme.example',
  subject: 'Budget “märz” is at 90 %',
  text: 'Spent $4.50 of $5.00',
  html: '<p>Spent <b>$4.50</b> of $5.00</p>',
  messageId: '<alert-1@agentworks.example>',
  headers: { 'X-Alert-Id': 'alert-1' },
};
const send = (url: string, body: string, headers = {}) =>
  fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });

describe('a mail that nodemailer sends', () => {
  test('is kept with sender, receivers, both texts, its id and its headers', async () => {
    await inbox.mailer().sendMail(MAIL);
    expect(await inbox.messages()).toEqual([
      {
        id: expect.any(String),
        receivedAt: expect.stringMatching(/^\d{4}-.*Z$/),
        kind: 'mail',
        from: 'alerts@agentworks.example',
        to: ['owner@acme.example', 'finance@acme.example', 'audit@acme.example'],
        subject: MAIL.subject,
        text: 'Spent $4.50 of $5.00\n',
        html: expect.stringContaining('<p>Spent <b>$4.50</b> of $5.00</p>'),
        messageId: MAIL.messageId,
        headers: expect.objectContaining({ 'x-alert-id': 'alert-1' }),
      },
    ]);
  });

  test('is refused when it is larger than 10 MiB', async () => {
    const attachments = [{ filename: 'x', content: Buffer.alloc(8 * 2 ** 20, 'x') }];
    await expect(inbox.mailer().sendMail({ ...MAIL, attachments })).rejects.toMatchObject({
      responseCode: 552,
    });
    expect(await inbox.messages()).toEqual([]);
  });

  test('finds nobody home as often as told', async () => {
    await inbox.faults({ smtp: { refuse: true, times: 2 } });
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      await expect(inbox.mailer().sendMail(MAIL)).rejects.toMatchObject({ responseCode: 421 });
    }
    await inbox.mailer().sendMail(MAIL);
    expect(await inbox.messages()).toHaveLength(1);
  });

  test('is refused whole with the code told, and not kept', async () => {
    await inbox.faults({ smtp: { failDataWith: 451 } });
    await expect(inbox.mailer().sendMail(MAIL)).rejects.toMatchObject({ responseCode: 451 });
    expect(await inbox.messages()).toEqual([]);
    await fetch(`${inbox.url}/faults`, { method: 'DELETE' });
    await inbox.mailer().sendMail(MAIL);
    expect(await inbox.messages()).toHaveLength(1);
  });

  test('is there before a late answer', async () => {
    await inbox.faults({ smtp: { delayMs: 60_000 } });
    const sending = inbox.mailer().sendMail(MAIL);
    await eventually(async () => (await inbox.messages()).length === 1);
    await inbox.restart();
    await expect(sending).rejects.toThrow();
    expect(await inbox.messages()).toHaveLength(1);
  });
});

describe('a Slack message', () => {
  test('of the official client is answered ok, and kept with its payload and its texts', async () => {
    const payload = {
      text: 'Budget at 90 %',
      blocks: [
        { type: 'header', text: { type: 'plain_text' as const, text: 'Budget at 90 %' } },
        {
          type: 'section',
          text: { type: 'mrkdwn' as const, text: '*acme* &lt;!channel&gt;' },
          fields: [{ type: 'mrkdwn' as const, text: '*Spent*\n$4.50' }],
        },
        { type: 'divider' },
        { type: 'context', elements: [{ type: 'mrkdwn' as const, text: '`alert-1`' }] },
      ],
    };
    expect(await inbox.slack().send(payload)).toEqual({ text: 'ok' });
    expect(await inbox.messages()).toEqual([
      {
        id: expect.any(String),
        receivedAt: expect.any(String),
        kind: 'slack',
        path: '/services/T0000/B0000/local',
        payload,
        text: 'Budget at 90 %\nBudget at 90 %\n*acme* &lt;!channel&gt;\n*Spent*\n$4.50\n`alert-1`',
      },
    ]);
  });

  test.each([
    ['no JSON', 'budget', 400, 'invalid_payload'],
    ['a list', '[]', 400, 'invalid_payload'],
    ['nothing to say', '{}', 400, 'no_text'],
    ['an empty text', '{"text":"","blocks":[]}', 400, 'no_text'],
    ['a block of no known type', '{"blocks":[{"type":"banner"}]}', 400, 'invalid_blocks'],
    [
      'a header that is too long',
      JSON.stringify({
        blocks: [{ type: 'header', text: { type: 'plain_text', text: 'x'.repeat(151) } }],
      }),
      400,
      'invalid_blocks',
    ],
    [
      'a header in mrkdwn',
      '{"blocks":[{"type":"header","text":{"type":"mrkdwn","text":"x"}}]}',
      400,
      'invalid_blocks',
    ],
  ])('with %s is refused as Slack does', async (_what, body, status, text) => {
    const response = await send(inbox.slackUrl, body);
    expect([response.status, await response.text()]).toEqual([status, text]);
    expect(await inbox.messages()).toEqual([]);
  });

  test('to an address that is no webhook finds no service', async () => {
    const response = await send(`${inbox.url}/services/nobody`, '{"text":"x"}');
    expect([response.status, await response.text()]).toEqual([404, 'no_service']);
  });

  test('is limited with Retry-After as often as told, and then taken', async () => {
    await inbox.faults({ slack: { status: 429, retryAfterSeconds: 3, times: 2 } });
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      const response = await send(inbox.slackUrl, '{"text":"x"}');
      expect(response.status).toBe(429);
      expect(response.headers.get('retry-after')).toBe('3');
    }
    await expect(inbox.slack().send('x')).resolves.toEqual({ text: 'ok' });
    expect(await inbox.messages()).toHaveLength(1);
  });

  test('is there before a late answer', async () => {
    await inbox.faults({ slack: { delayMs: 60_000 } });
    const sending = inbox.slack().send('x');
    await eventually(async () => (await inbox.messages()).length === 1);
    await inbox.restart();
    await expect(sending).rejects.toThrow();
  });
});

describe('a webhook', () => {
  test('is kept with its headers and its body, parsed when it is JSON', async () => {
    await send(`${inbox.url}/webhook/a/b`, '{"n":1}', { 'x-signature': 'v1=abc' });
    await send(`${inbox.url}/webhook/plain`, 'no json');
    expect(await inbox.messages()).toMatchObject([
      {
        kind: 'webhook',
        path: '/webhook/a/b',
        headers: { 'x-signature': 'v1=abc' },
        body: { n: 1 },
      },
      { kind: 'webhook', path: '/webhook/plain', body: 'no json' },
    ]);
  });

  test('fails as told', async () => {
    await inbox.faults({ webhook: { status: 503, times: 1 } });
    expect((await send(`${inbox.url}/webhook/x`, '{}')).status).toBe(503);
    expect((await send(`${inbox.url}/webhook/x`, '{}')).status).toBe(200);
  });

  test('larger than 1 MiB is refused', async () => {
    const response = await send(`${inbox.url}/webhook/x`, 'x'.repeat(2 ** 20 + 1));
    expect(response.status).toBe(413);
  });
});

describe('messages', () => {
  test('come in order of arrival, by kind and since a time', async () => {
    await inbox.slack().send('first');
    await send(`${inbox.url}/webhook/x`, '{}');
    const [first, second] = await inbox.messages();
    expect([first!.kind, second!.kind]).toEqual(['slack', 'webhook']);
    expect(await inbox.messages('?kind=webhook')).toEqual([second]);
    const later = new Date(Date.parse(second!.receivedAt) + 1).toISOString();
    expect(await inbox.messages(`?since=${later}`)).toEqual([]);
    expect(await inbox.messages(`?since=${first!.receivedAt}`)).toEqual([first, second]);
    expect((await fetch(`${inbox.url}/messages.json?kind=fax`)).status).toBe(400);
    expect((await fetch(`${inbox.url}/messages.json?since=later`)).status).toBe(400);
  });

  test('outlive the process, also one killed while it wrote', async () => {
    await inbox.slack().send('kept');
    const before = await inbox.messages();
    appendFileSync(inbox.file, '{"id":"half');
    await inbox.restart();
    expect(await inbox.messages()).toEqual(before);
    await inbox.slack().send('after');
    await inbox.restart();
    expect((await inbox.messages()).map((message) => 'text' in message && message.text)).toEqual([
      'kept',
      'after',
    ]);
  });

  test('are removed by DELETE, for good', async () => {
    await inbox.slack().send('x');
    expect((await fetch(`${inbox.url}/messages`, { method: 'DELETE' })).status).toBe(204);
    await inbox.restart();
    expect(await inbox.messages()).toEqual([]);
  });

  test('are shown to who looks at the page while they arrive', async () => {
    const response = await fetch(`${inbox.url}/events`);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    await inbox.slack().send('hello there');
    let text = '';
    while (!text.includes('hello there')) text += (await reader.read()).value;
    expect(text).toContain('event: message\ndata: "<article id=');
    await reader.cancel();
  });
});

test.each([
  [{ slack: { status: 200 } }, 'slack.status must be a whole number from 400 to 599'],
  [{ slack: { wait: 1 } }, 'slack.wait: known are status, retryAfterSeconds, delayMs, times'],
  [{ fax: {} }, 'fax: there are faults of slack, webhook, smtp only'],
  [{ smtp: { refuse: 'yes' } }, 'smtp.refuse must be true or false'],
  [{ toString: {} }, 'toString: there are faults of slack, webhook, smtp only'],
])('a fault it cannot commit is refused by name: %j', async (body, message) => {
  const response = await inbox.faults(body);
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({ error: { message } });
});

test('the page and what belongs to it are served, and nothing else', async () => {
  for (const [path, type] of [
    ['/', 'text/html'],
    ['/page.js', 'text/javascript'],
    ['/page.css', 'text/css'],
  ] as const) {
    const response = await fetch(`${inbox.url}${path}`);
    expect(response.headers.get('content-type')).toContain(type);
    expect(response.headers.get('content-security-policy')).toContain("script-src 'self'");
  }
  expect((await fetch(`${inbox.url}/main.ts`)).status).toBe(404);
});
