/** What a name like this says of its value. Matched as whole words of the name, wherever they stand in it. */
const SECRET_WORDS = new Set(
  (
    'password passwords passwd pwd passphrase passcode secret secrets credential credentials authorization ' +
    'cookie cookies jwt otp pin cvv cvc ssn pepper webhook'
  ).split(' '),
);

/** The same as parts of names that do not show where their words begin. */
const SECRET_PARTS =
  /passw(?:or)?d|passphrase|secret|credential|authorization|cookie|(?:api|access|private|signing|encryption|auth|hmac|shared|master|ssh)key|creditcard|cardnumber|cardno|connectionstring|webhookurl|rawheaders/;

/** Names that end like this hold what authenticates somebody. */
const SECRET_ENDINGS = /^(?:.*token|(?:.*[^a-z0-9])?(?:auth|bearer|dsn|iban))$/;

/** Names that end like this hold several of these, or how many there are. */
const SECRETS_ENDINGS =
  /(?:access|refresh|auth|bearer|session|api|security|csrf|xsrf|device|push|reset|invite|oauth|verification|id) ?tokens$/;

/** Names that end like this hold what somebody or a model wrote, or how much it was. */
const TEXT_ENDINGS =
  /^(?:.*(?:prompt|completion)|(?:.*[^a-z0-9])?(?:prompts|completions|messages|content|contents|body|bodies|html|text|instructions|transcript|attachment|attachments|questions?|answers?|inputs?|outputs?|arguments|choices|(?:user|assistant|system|human|model|chat|bot|developer|tool) message))$/;

/** What may follow in a name without changing what it holds. */
const VALUE_WORDS = new Set(['value', 'values', 'raw']);

/** Names that speak about a secret or a text without holding it, such as `secretName` or `passwordChangedAt`. */
const ABOUT = new Set(
  'name names id ids version versions count counts length bytes kind type status at ref expiry seconds ms tokens limit'.split(
    ' ',
  ),
);

/**
 * What of the value of a field of this name has to stay out of the logs: `any` of passwords, keys, tokens, cookies, cards;
 * of what people and models wrote (prompts, completions, messages, bodies of mails) the `text`, but not numbers, which say
 * how many or how long. Judged by the words of the name, however they are joined: `apiKey`, `x-api-key`, `API_KEY` and
 * `gen_ai.input.messages` are all known, `inputTokens`, `secretName`, `context` and `message` are not meant. Pure.
 */
export function sensitivityOf(key: string): 'any' | 'text' | 'none' {
  const words = key
    .slice(0, 256)
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
  while (words.length > 1 && VALUE_WORDS.has(words.at(-1)!)) words.pop();
  const last = words.at(-1);
  if (last === undefined) return 'none';
  const name = words.join(' ');
  if (SECRETS_ENDINGS.test(name)) return 'text';
  if (words.length > 1 && ABOUT.has(last)) return 'none';
  if (words.some((word) => SECRET_WORDS.has(word))) return 'any';
  if (SECRET_PARTS.test(words.join('')) || SECRET_ENDINGS.test(name)) return 'any';
  return TEXT_ENDINGS.test(name) ? 'text' : 'none';
}

/** Whether anything of the value of a field of this name has to stay out of the logs. Pure. */
export function isSensitiveKey(key: string): boolean {
  return sensitivityOf(key) !== 'none';
}
