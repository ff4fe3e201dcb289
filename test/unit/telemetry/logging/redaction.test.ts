import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isSensitiveKey } from '../../../../src/telemetry/logging/sensitive-keys.ts';
import { redactText } from '../../../../src/telemetry/logging/sensitive-text.ts';
import { anyText } from '../../../support/any-text.ts';
import { capture } from './capture.ts';

/** Nothing of this may come out, wherever it stands. */
const SECRET = 'Zq7Xw9Kp2Lm4Rt8Vb3Ny6';

const SENSITIVE_KEYS = [
  ...['password', 'PASSWORD', 'dbPassword', 'db_password_hash', 'passwd', 'secret', 'clientSecret'],
  ...['token', 'accessToken', 'refresh_token', 'x-auth-token', 'idtoken', 'authorization'],
  ...['Proxy-Authorization', 'cookie', 'Set-Cookie', 'apiKey', 'api_key', 'X-API-Key', 'APIKey'],
  ...['apikey', 'privateKey', 'secretAccessKey', 'credentials', 'connectionString', 'webhookUrl'],
  ...['prompt', 'systemPrompt', 'prompts', 'completion', 'messages', 'gen_ai.input.messages'],
  ...['content', 'body', 'requestBody', 'html', 'mail_html', 'text', 'mailText', 'instructions'],
  ...[
    'accessTokens',
    'refreshTokens',
    'refresh_tokens',
    'tokenValue',
    'auth',
    'smtpAuth',
    'hmacKey',
  ],
  ...['question', 'answer', 'input', 'output', 'userInput', 'userMessage', 'arguments', 'choices'],
  ...['gen_ai.tool.call.arguments', 'toolOutput', 'inputValue'],
  ...['cardNumber', 'creditCard', 'cvv', 'otp', 'ssn', 'rawHeaders', 'API_KEY_PEPPER'],
];
const PLAIN_KEYS = [
  ...['workspaceId', 'message', 'inputTokens', 'maxTokens', 'promptTokens', 'tokens', 'context'],
  ...['secretName', 'keyId', 'key', 'cacheKey', 'partitionKey', 'contentLength', 'bodyBytes'],
  ...[
    'error',
    'reason',
    'model',
    'messageId',
    'subject',
    'status',
    'tokenizer',
    'passed',
    'author',
  ],
  ...['outputTokens', 'cacheReadTokens', 'tokenCount', 'inputBytes', 'outputType', 'errorMessage'],
  ...['authMethod', 'questionId', 'choicesCount', 'putput', 'value', 'argumentsLength'],
  ...['promptVersion', 'textual', 'bodyguard', 'contentType'],
];

/** Texts that give their secret away by their looks. */
const TELLTALE: ((secret: string) => string)[] = [
  (secret) => `Bearer ${secret}`,
  (secret) => `authorization: Digest ${secret}`,
  (secret) => `Authorization: Basic ${secret}==`,
  (secret) => `cookie: a=b; session=${secret}`,
  (secret) => `axk_0123456789abcdef0123_${secret}`,
  (secret) => `sk-proj-${secret}`,
  (secret) => `sk_live_${secret}`,
  (secret) => `ghp_${secret}`,
  (secret) => `xoxb-1-${secret}`,
  (secret) => `ya29.${secret}`,
  (secret) => `AIza${secret}`,
  (secret) => `https://hooks.slack.com/services/T0/B0/${secret}`,
  (secret) => `redis://:${secret}@10.0.0.1:6379`,
  (secret) => `postgres://user:${secret}@db/x`,
  (secret) => `https://${secret}@github.com/x.git`,
  (secret) => `https://x.example/?a=1&access_token=${secret}&b=2`,
  (secret) => `eyJhbGciOiJIUzI1NiJ9.eyJzdWIi${secret}.${secret}`,
  (secret) => `password=${secret}`,
  (secret) => `the passphrase: '${secret} ${secret}'`,
  (secret) => `{"apiKey":"${secret}"}`,
  (secret) => `{\\"client_secret\\": \\"${secret}\\"}`,
  (secret) => `${secret}@acme.example`,
  (secret) => `{"prompt":"${secret}"}`,
  (secret) => `{"a":[{"messages":[{"content":"x"},"${secret}"]}]}`,
  (secret) => `{"input":{"deep":["]}",{"x":"${secret}"}]},"n":1}`,
  (secret) => `{"password":"a\\"b,${secret}"}`,
  (secret) => `{"prompt":"${'long '.repeat(1_000)}${secret}"}`,
  (secret) => `client_secret: abc ${secret}`,
  (secret) => `password: "a\\" ${secret}"`,
  (secret) => `GET /ask?prompt=${secret}&x=1`,
  (secret) => `https://x.example/?a=1&user.question=${secret}`,
  (secret) => `https://storage.example/b/o?X-Goog-Algorithm=x&X-Goog-Signature=${secret}`,
  (secret) => `https://x.example/b?sv=1&sig=${secret}%3D`,
  (secret) => `hf_${secret}`,
  (secret) => `gsk_${secret}`,
  (secret) => `xai-${secret}`,
  (secret) => `SG.${secret}.${secret}`,
  (secret) => `npm_${secret}`,
  (secret) =>
    `-----BEGIN RSA PRIVATE KEY-----\n${secret}\n${secret}\n-----END RSA PRIVATE KEY-----`,
];

const plainText = anyText({ maxLength: 20 });
const separator = fc.constantFrom(' ', '\n', ', ', ' (', '"');
const planted = fc
  .tuple(plainText, separator, fc.constantFrom(...TELLTALE), separator, plainText)
  .map(
    ([before, left, telltale, right, after]) => before + left + telltale(SECRET) + right + after,
  );

/** Any value with secrets in it: in texts that give them away, and anything at all under sensitive keys. */
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    planted,
    fc.constantFrom(null, true, 12, 12n, Number.NaN, undefined, new Date(0), Buffer.from(SECRET)),
    planted.map((text) => new Error(text, { cause: new Error(text) })),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(plainText, planted), tie('tree'), { maxKeys: 4 }),
    fc.dictionary(fc.constantFrom('__proto__', 'constructor', 'toString', 'severity'), tie('tree')),
    fc
      .tuple(
        fc.constantFrom(...SENSITIVE_KEYS),
        fc.oneof(fc.constant(SECRET), fc.constant([SECRET])),
      )
      .map(([key, value]) => ({ [key]: value, n: 1 })),
    fc.constantFrom(...SENSITIVE_KEYS).map((key) => new Map([[key, { deep: SECRET }]])),
    fc.constantFrom('authorization', 'Set-Cookie').map((key) => [key, SECRET]),
    fc.constantFrom('authorization', 'x-api-key').map((name) => ({ name, value: SECRET })),
    fc.array(planted).map((texts) => new Set(texts)),
  ),
}));

describe('secrets', () => {
  test('never come out, wherever they are planted; severity, trace and labels are never overwritten', () => {
    fc.assert(
      fc.property(planted, tree, tree, (message, inner, outer) => {
        const { log, lines, entries } = capture({ projectId: 'p' });
        log.child({ inner }).warn(message, { outer, severity: 'DEBUG' });
        log.error(message, outer as never);
        for (const line of lines) expect(line).not.toContain(SECRET);
        expect(lines.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true);
        expect(entries().map(({ severity }) => severity)).toEqual(['WARNING', 'ERROR']);
        for (const entry of entries()) {
          const labels = { service: 'tests', version: '1.2.3' };
          expect(entry['logging.googleapis.com/labels']).toEqual(labels);
          expect(Object.hasOwn(entry, 'logging.googleapis.com/trace')).toBe(false);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test.each(TELLTALE.map((telltale) => [telltale('…').slice(0, 40), telltale] as const))(
    'are recognised in %s',
    (_, telltale) => {
      expect(redactText(`before ${telltale(SECRET)} after`)).not.toContain(SECRET);
    },
  );

  test.each(SENSITIVE_KEYS)('are expected under %s', (key) => {
    expect(isSensitiveKey(key)).toBe(true);
  });

  test.each(PLAIN_KEYS)('are not expected under %s', (key) => {
    expect(isSensitiveKey(key)).toBe(false);
  });

  test('are not cut so that what makes them recognisable is lost', () => {
    const { log, lines } = capture();
    for (let at = 8_100; at < 8_300; at += 3) log.info(`${'x '.repeat(at / 2)}Bearer ${SECRET}`);
    for (const line of lines) expect(line).not.toContain(SECRET.slice(0, 6));
  });

  test('that are card numbers are told from other numbers by their check digit', () => {
    expect(redactText('card 4111 1111 1111 1111, 5555-5555-5555-4444, 378282246310005')).toBe(
      'card [redacted], [redacted], [redacted]',
    );
    const others = 'order 4111111111111112 at 1795176000000 for 6fd0c35c81114111111111111111aaaa';
    expect(redactText(others)).toBe(others);
  });

  test('of e-mail addresses: the domain stays', () => {
    expect(redactText('to jane.doe+x@mail.acme.example, done')).toBe(
      'to ***@mail.acme.example, done',
    );
  });
});

test('of texts of people and models the numbers stay, of secrets nothing does', () => {
  const { log, entries } = capture();
  const tokens = { input: 12, output: 3, answer: null, choices: 2, accessTokens: 1 };
  log.info('call', { ...tokens, inputTokens: 5, password: 12, otp: 123456, text: 'no' });
  expect(entries()[0].fields).toEqual({
    ...tokens,
    inputTokens: 5,
    password: '[redacted]',
    otp: '[redacted]',
    text: '[redacted]',
  });
  const text = '{"input":12,"output":-1.5e3,"otp":123456}';
  expect(redactText(text)).toBe('{"input":12,"output":-1.5e3,"otp":[redacted]}');
});

test('what stands under a sensitive name in JSON is found to its end, however often it was written into JSON', () => {
  const value = fc.oneof(
    fc.string(),
    fc.string().map((text) => [{ text }, text]),
    fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }),
  );
  const part = fc.constantFrom(...'"\\\'{}[]:,\n é'.split(''));
  const hidden = fc.oneof(
    fc.array(part).map((parts) => parts.join('')),
    value,
  );
  const name = fc.constantFrom('password', 'prompt', 'messages', 'choices');
  fc.assert(
    fc.property(name, hidden, hidden, fc.nat(3), (key, before, after, times) => {
      const write = (json: string) => {
        let text = json;
        for (let i = 0; i < times; i++) text = JSON.stringify(text);
        return text;
      };
      const marked = (given: unknown) => JSON.stringify({ a: 1, [key]: given, last: 'seen' });
      const text = write(marked([before, SECRET, after]));
      const expected = write(marked(0)).replace(/:0,/, ':[redacted],');
      expect(redactText(text)).toBe(expected);
      const alone = write(marked(`${JSON.stringify(before)}${SECRET}${JSON.stringify(after)}`));
      expect(redactText(alone)).toBe(expected);
    }),
    { numRuns: 1_000 },
  );
});

test('texts without secrets come out as they are', () => {
  const texts = [
    'call answered',
    'Redis is away: connect ECONNREFUSED 127.0.0.1:6379',
    'https://api.acme.example/v1/workspaces/acme/costs?from=2026-11-01',
    '12 tokens, inputTokens=5',
    'projects/p/topics/cost-events',
    'no such field: nope.',
    'it said: "yes": 12, and {"kind":"output","inputTokens":5,"status":"ok"}',
    'GET /v1/costs?group=model&limit=10 npm_config_cache hf_hub xai-grok',
  ];
  for (const text of texts) expect(redactText(text)).toBe(text);
});

test('redacting takes time linear in the text', () => {
  const hostile = [
    'a@',
    'eyJ',
    'http://a',
    'password=',
    'cookie:',
    '4111 ',
    '-----BEGIN PRIVATE KEY-----',
    '"token": \'',
    'a.a-',
    '@a.',
    ...[
      '"a":',
      '"input":[',
      '{"input":"',
      '\\',
      '\\"',
      '?prompt=',
      '&a.a.',
      'password: "\\',
      'SG.',
      'hf_',
    ],
    ...['token: \\"\\', '{"prompt":"\\\\', '"prompt":{"', "'token': \""],
  ];
  /** The best of five, which a busy machine hardly slows down. */
  const timeOf = (text: string): number => {
    const times = Array.from({ length: 5 }, () => {
      const started = performance.now();
      redactText(text);
      return performance.now() - started;
    });
    return Math.min(...times);
  };
  const textsOf = (length: number) => [
    ...hostile.map((piece) => piece.repeat(Math.ceil(length / piece.length))),
    `@${'a'.repeat(length)}`,
  ];
  const short = textsOf(6_000).map(timeOf);
  const long = textsOf(48_000).map(timeOf);
  // Eight times the text; what is quadratic takes 64 times as long.
  for (const [i, time] of long.entries()) expect(time).toBeLessThan(short[i]! * 8 * 3 + 10);
});
