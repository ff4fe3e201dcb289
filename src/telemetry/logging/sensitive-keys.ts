/** What a name like this says of its value. Matched as whole words of the name, wherever they stand in it. */
const SECRET_WORDS = new Set(
  (
    'password passwords passwd pwd passphrase passcode secret secrets credential credentials authorization ' +
    'cookie cookies jwt otp pin cvv cvc ssn pepper webhook'
  ).split(' '),
);

/** The same as parts of names that do not show where their words begin. */
const SECRET_PARTS =
  /passw(?:or)?d|passphrase|secret|credential|authorization|cookie|(?:api|access|private|signing|encryption|auth)key|creditcard|cardnumber|cardno|connectionstring|webhookurl|rawheaders/;

/** Names that end like this hold what authenticates somebody, or what somebody wrote. */
const ENDINGS =
  /^(?:.*(?:token|prompt|completion)|(?:.*[^a-z0-9])?(?:bearer|dsn|iban|prompts|completions|messages|content|contents|body|bodies|html|text|instructions|transcript|attachment|attachments))$/;

/** Names that speak about a secret or a text without holding it, such as `secretName` or `passwordChangedAt`. */
const ABOUT = new Set(
  'name names id ids version versions count counts length bytes kind type status at ref expiry seconds ms tokens limit'.split(
    ' ',
  ),
);

/**
 * Whether the value of a field of this name has to stay out of the logs: passwords, keys, tokens, cookies, cards, and
 * what people and models wrote (prompts, completions, messages, bodies of mails). Judged by the words of the name,
 * however they are joined: `apiKey`, `x-api-key`, `API_KEY` and `gen_ai.input.messages` are all known, `inputTokens`,
 * `secretName`, `context` and `message` are not meant. Pure.
 */
export function isSensitiveKey(key: string): boolean {
  const words = key
    .slice(0, 256)
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
  const last = words.at(-1);
  if (last === undefined) return false;
  if (words.length > 1 && ABOUT.has(last)) return false;
  if (words.some((word) => SECRET_WORDS.has(word))) return true;
  return SECRET_PARTS.test(words.join('')) || ENDINGS.test(words.join(' '));
}
