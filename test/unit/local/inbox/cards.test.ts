import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { renderMrkdwn, renderSlack } from '../../../../local/inbox/blocks.ts';
import { renderCard } from '../../../../local/inbox/cards.ts';
import type { Message } from '../../../../local/inbox/message.ts';

describe('mrkdwn', () => {
  test.each([
    ['*bold* and _italic_ and ~gone~', '<strong>bold</strong> and <em>italic</em> and <s>gone</s>'],
    ['`a*b*c` stays', '<code>a*b*c</code> stays'],
    ['two\nlines', 'two<br>lines'],
    ['2*3*4 and snake_case_name', '2*3*4 and snake_case_name'],
    ['*_both_*', '<strong><em>both</em></strong>'],
    ['a &amp; b &lt;script&gt;', 'a &amp; b &lt;script&gt;'],
    [
      '<https://a.example/?x=1&amp;y=2|*details*>',
      '<a href="https://a.example/?x=1&amp;y=2" target="_blank" rel="noreferrer">*details*</a>',
    ],
    ['<javascript:alert(1)|x>', '&lt;javascript:alert(1)|x&gt;'],
    ['<!channel> <@U1>', '<mark>@channel</mark> <mark>@U1</mark>'],
    ['&lt;!channel&gt;', '&lt;!channel&gt;'],
    [':rotating_light: :unheard_of:', '🚨 :unheard_of:'],
  ])('%j', (source, html) => {
    expect(renderMrkdwn(source)).toBe(html);
  });
});

test('plain text shows what mrkdwn would make something of, and emoji only when it may', () => {
  const text = '*a* <!channel> :fire:';
  const header = (emoji: boolean) =>
    renderSlack({ blocks: [{ type: 'header', text: { type: 'plain_text', text, emoji } }] });
  expect(header(false)).toBe('<h3>*a* &lt;!channel&gt; :fire:</h3>');
  expect(header(true)).toBe('<h3>*a* &lt;!channel&gt; 🔥</h3>');
});

const TAGS = /<(?!\/?(?:strong|em|s|code|pre|br|mark|a|p|h3|hr|div|span)\b)/;

test('no text of a Slack message becomes a tag of its own, whatever it is', () => {
  const piece = fc.constantFrom(
    '<',
    '>',
    '&',
    '*',
    '_',
    '`',
    '|',
    '!',
    '"',
    '\n',
    'https://x',
    'img ',
    'script',
    'on=',
  );
  const text = fc.array(piece, { maxLength: 20 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, (source) => {
      const html = renderSlack({
        blocks: [
          { type: 'header', text: { type: 'plain_text', text: source } },
          { type: 'section', text: { type: 'mrkdwn', text: source } },
          { type: source },
        ],
      });
      expect(html).not.toMatch(TAGS);
      // What is in attributes ends with them: no quote of the text is a quote of ours.
      expect(html.replaceAll(/<a href="[^"]*" target="_blank" rel="noreferrer">/g, '')).not.toMatch(
        /<a /,
      );
    }),
  );
});

test('a mail is framed without scripts, and its own markup cannot leave the frame', () => {
  const message: Message = {
    kind: 'mail',
    id: '1',
    receivedAt: '2026-11-20T12:00:00.000Z',
    from: '"><script>',
    to: ['<b>'],
    subject: '<img src=x onerror=alert(1)>',
    text: '',
    html: '<p title="x">"></iframe><script>alert(1)</script>',
    messageId: '',
    headers: { subject: '<i>' },
  };
  const html = renderCard(message);
  expect(html).not.toContain('<script');
  expect(html).not.toContain('<img');
  expect(html.match(/<\/iframe>/g)).toHaveLength(1);
  expect(html).toMatch(/<iframe [^>]*sandbox="allow-same-origin allow-popups"/);
});
