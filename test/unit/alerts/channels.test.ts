import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { refuseSlack } from '../../../local/inbox/slack.ts';
import type { Alert } from '../../../src/alerts/alert.ts';
import { renderMail } from '../../../src/alerts/channels/email.ts';
import { createSend } from '../../../src/alerts/channels/send.ts';
import { escapeSlack, renderSlack } from '../../../src/alerts/channels/slack.ts';
import { renderWebhook } from '../../../src/alerts/channels/webhook.ts';
import { createMailer } from '../../../src/cloud/mail.ts';
import { AppError } from '../../../src/core/errors.ts';
import { alertOf, channelOf } from '../../support/alerts.ts';
import { anyText } from '../../support/any-text.ts';
import { startSmtp } from '../../support/smtp.ts';

/** What somebody might put into a name to be more than text. */
const hostile = fc.oneof(
  fc.constantFrom(
    '<!channel>',
    '<!here|x> @channel',
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    '=HYPERLINK("http://x")',
    '&lt;b&gt;',
    'a\r\nBcc: thief@example.com',
    'a\u2028b\u202eevil',
    '*bold* _it_ `code` ~s~ :skull: <http://x|y>',
  ),
  anyText({ minLength: 1, maxLength: 300 }),
);

const hostileAlert = fc
  .record({ workspaceName: hostile, budgetName: hostile, model: hostile, title: hostile })
  .map(({ workspaceName, budgetName, model, title }) => {
    const plain = alertOf({ id: 'a' });
    return alertOf({
      id: 'a',
      workspaceName,
      title: `${workspaceName}: ${title}`,
      message: `${model} costs too much`,
      scope: { dimension: 'model', value: model },
      budget: { ...plain.budget!, name: budgetName },
      recommendations: [{ kind: 'cheaper-model', text: `use less of ${model}`, savingUsd: '1' }],
    });
  });

/** As content has it: control characters become blanks. */
const asLine = (text: string) =>
  text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .trim();

/** The texts of an HTML document as a reader sees them. */
function visible(html: string): string {
  return html
    .replace(/<title>.*?<\/title>/s, '')
    .replaceAll(/<[^>]*>/g, '\n')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}

/** The names of all tags in a document. */
const tagsOf = (html: string) =>
  new Set([...html.matchAll(/<\/?([a-z!][a-z0-9]*)/gi)].map(([, name]) => name!.toLowerCase()));

describe('the mail', () => {
  test('tells limit, spend, share, projection and what would help, in text and HTML alike', () => {
    const { text, html, subject } = renderMail(alertOf({ id: 'a' }), channelOf('mail'));
    expect(subject).toBe('[high] Acme Inc. has used 90 % of its budget');
    for (const part of [
      'Spend reached $4.50 of $5.00.',
      '90.0 % of the limit',
      '$5.00',
      '$6.75',
      '1 Nov 2026, 00:00 to 1 Dec 2026, 00:00 (Etc/UTC)',
      'gpt-4o is 71 % of spend',
    ]) {
      expect(text).toContain(part);
      expect(visible(html)).toContain(part);
    }
  });

  test('tells the projected month only where the budget is not about that very month', () => {
    const textOf = (parts: Partial<Alert>) =>
      renderMail(alertOf({ id: 'a', ...parts }), channelOf('mail')).text;
    const line = 'Projected for the month';
    // A moment later the same projection differs in its last digits.
    const month = { month: '2026-11', projectedUsd: '6.749999998' };
    expect(textOf({ projectedMonth: month })).not.toContain(line);
    expect(textOf({ projectedMonth: { ...month, month: '2026-12' } })).toContain(line);
    const scope = { dimension: 'agent', value: 'support' } as const;
    expect(textOf({ projectedMonth: month, scope })).toContain(line);
  });

  test('has one Message-ID per alert and channel, whatever they are called', () => {
    const id = (alert: string, channel: string, workspaceId = 'acme') =>
      renderMail(alertOf({ id: alert, workspaceId }), channelOf(channel)).messageId;
    expect(id('a', 'mail')).toBe(id('a', 'mail'));
    const ids = [id('a', 'mail'), id('b', 'mail'), id('a', 'post'), id('a', 'mail', 'other')];
    expect(new Set(ids).size).toBe(4);
    for (const one of ids) expect(one).toMatch(/^<[\w.-]+@agentworks-observability>$/);
  });

  test('holds whatever people chose as plain text, and no tag of theirs', () => {
    const usual = tagsOf(renderMail(alertOf({ id: 'a' }), channelOf('mail')).html);
    fc.assert(
      fc.property(hostileAlert, (alert) => {
        const { html, text, subject } = renderMail(alert, channelOf('mail'));
        expect([...tagsOf(html)].filter((tag) => !usual.has(tag))).toEqual([]);
        expect(visible(html)).toContain(asLine(alert.message));
        expect(text).toContain(asLine(alert.message));
        expect(text).toContain(asLine(`use less of ${(alert.scope as { value: string }).value} `));
        expect(subject).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        expect(subject.length).toBeLessThanOrEqual(200);
      }),
    );
  });
});

describe('a mail that went through a real server', () => {
  let server: Awaited<ReturnType<typeof startSmtp>>;
  beforeAll(async () => {
    server = await startSmtp();
  });
  afterAll(() => server?.stop());

  test('has the headers it should, whatever people chose', async () => {
    const mailer = createMailer({ smtpUrl: server.url, from: 'alerts@example.com' });
    const names: string[][] = [];
    await fc.assert(
      fc.asyncProperty(hostileAlert, async (alert) => {
        const mail = renderMail(alert, channelOf('mail'));
        expect(await mailer(mail)).toEqual({ kind: 'sent' });
        const { raw, to } = server.mails.at(-1)!;
        const parsed = await PostalMime.parse(raw);
        expect(to).toEqual(['owner@acme.example']);
        expect(parsed.messageId).toBe(mail.messageId);
        expect(parsed.bcc).toBeUndefined();
        names.push(parsed.headers.map(({ key }) => key).sort());
        expect(names.at(-1)).toEqual(names[0]);
      }),
      { numRuns: 30 },
    );
  });
});

describe('the Slack message', () => {
  test('tells limit, spend, share, projection and what would help', () => {
    const all = JSON.stringify(renderSlack(alertOf({ id: 'a' })));
    for (const part of [
      'Acme Inc. has used 90 % of its budget',
      'Spend reached $4.50 of $5.00.',
      '██████████████████░░ 90.0 % of the limit',
      'Limit: $5.00',
      'Projected for the period: $6.75',
      'gpt-4o is 71 % of spend',
    ]) {
      expect(all).toContain(part);
    }
  });

  test('is one that Slack takes, with nothing of theirs but plain text', () => {
    fc.assert(
      fc.property(hostileAlert, (alert) => {
        const { text, blocks = [] } = renderSlack(alert);
        expect(refuseSlack({ text, blocks })).toBeUndefined();
        expect(text).not.toMatch(/[<>]/);
        expect(text).not.toMatch(/&(?!amp;|lt;|gt;)/);
        expect(JSON.stringify(blocks)).not.toContain('mrkdwn');
      }),
    );
  });

  test('stays within the limits of Slack, however much there is to tell', () => {
    const long = '<&>'.repeat(4_000);
    const recommendations = Array.from({ length: 80 }, () => ({
      kind: 'concentration' as const,
      text: long,
    }));
    const alert = alertOf({ id: 'a', title: long, message: long, recommendations });
    const { text, blocks = [] } = renderSlack({ ...alert, workspaceName: long });
    expect(refuseSlack({ text, blocks })).toBeUndefined();
    expect(blocks.length).toBeLessThanOrEqual(50);
    expect(text!.length).toBeLessThanOrEqual(3_000);
  });

  test('escapes the three characters that mean something to Slack, once', () => {
    expect(escapeSlack('<!channel> & &amp;')).toBe('&lt;!channel&gt; &amp; &amp;amp;');
  });
});

test('the webhook is signed as its documentation says', () => {
  const alert = alertOf({ id: 'a', workspaceName: '<b>=1' });
  const nowMs = 1_763_640_000_999;
  const { body, headers } = renderWebhook(alert, 'key', nowMs);
  expect(JSON.parse(body)).toEqual(alert);
  const expected = createHmac('sha256', 'key').update(`1763640000.${body}`).digest('hex');
  expect(headers).toMatchObject({
    'x-agentworks-timestamp': '1763640000',
    'x-agentworks-signature': `v1=${expected}`,
    'x-agentworks-alert-id': 'a',
  });
});

describe('sending', () => {
  const calls: unknown[][] = [];
  const note =
    (name: string) =>
    async (...args: unknown[]) => {
      calls.push([name, ...args]);
      return { kind: 'sent' as const };
    };
  const sendWith = (get: (scope: string, name: string) => Promise<string>) =>
    createSend({
      mail: note('mail'),
      slack: note('slack') as never,
      webhook: note('webhook') as never,
      secrets: { get },
      now: () => 0,
    });

  test("a channel's secret is looked up in its own scope", async () => {
    calls.length = 0;
    const send = sendWith(async (scope, name) => `${scope}:${name}`);
    const alert = alertOf({ id: 'a' });
    const slack = { kind: 'slack', webhookSecret: 'HOOK' } as const;
    await send(alert, channelOf('s', slack, { scope: '-' }));
    const hook = { kind: 'webhook', url: 'https://x.example/', signingSecret: 'KEY' } as const;
    await send(alert, channelOf('w', hook));
    expect(calls.map((call) => call.slice(0, 2))).toEqual([
      ['slack', '-:HOOK'],
      ['webhook', 'https://x.example/'],
    ]);
    const { headers } = calls[1]![2] as { headers: Record<string, string> };
    expect(headers['x-agentworks-signature']).toBe(
      renderWebhook(alert, 'acme:KEY', 0).headers['x-agentworks-signature'],
    );
  });

  test('an alert that cannot be put into words is given up, and nothing of it may have arrived', async () => {
    calls.length = 0;
    const { budget } = alertOf({ id: 'a' });
    const period = { ...budget!.period, timeZone: 'Mars/Olympus_Mons' };
    const alert = alertOf({ id: 'a', budget: { ...budget!, period } });
    const send = sendWith(async () => 'secret');
    const slack = { kind: 'slack', webhookSecret: 'X' } as const;
    for (const channel of [channelOf('m'), channelOf('s', slack)]) {
      expect(await send(alert, channel)).toEqual({
        kind: 'failed',
        retryable: false,
        ambiguous: false,
        detail: expect.stringContaining('Mars/Olympus_Mons'),
      });
    }
    expect(calls).toEqual([]);
  });

  test('a secret that nobody can create has the alert given up', async () => {
    const send = sendWith(async () => {
      throw new AppError({ code: 'secret_name_too_long', message: 'too long' });
    });
    const slack = { kind: 'slack', webhookSecret: 'X' } as const;
    expect(await send(alertOf({ id: 'a' }), channelOf('s', slack))).toMatchObject({
      retryable: false,
      ambiguous: false,
      detail: 'too long',
    });
  });

  test('a secret that is missing is an outage that is named', async () => {
    const send = sendWith(async () => {
      throw new AppError({
        code: 'secret_missing',
        message: 'There is no value in X',
        retryable: true,
      });
    });
    const slack = { kind: 'slack', webhookSecret: 'X' } as const;
    expect(await send(alertOf({ id: 'a' }), channelOf('s', slack))).toEqual({
      kind: 'failed',
      retryable: true,
      ambiguous: false,
      detail: 'There is no value in X',
    });
  });

  test('an address that slipped through is refused at last', async () => {
    calls.length = 0;
    const send = sendWith(async () => '');
    const bad = { kind: 'email', to: ['a@x.example\r\nBcc: b@x.example'] } as const;
    expect(await send(alertOf({ id: 'a' }), channelOf('m', bad as never))).toMatchObject({
      kind: 'failed',
      retryable: false,
    });
    expect(calls).toEqual([]);
  });
});
