import { redactMembers } from './sensitive-members.ts';

const MARK = '[redacted]';

/** Cheap: whether a text could hold any of what is looked for below. */
const SUSPICIOUS =
  /[@]|:\/\/|["']\s{0,4}:|[?&][\w.-]{1,64}=|hf_|gsk_|npm_|xai-|SG\.|axk_|eyJ|AIza|ya29\.|AKIA|ASIA|GOCSPX|gh[a-z]_|github_pat|glpat|[sprw][kh](?:-|_)|whsec|xox|xapp|PRIVATE KEY|(?:bearer|basic)\s|passw|passphrase|pwd|secret|token|api.?key|access.?key|private.?key|authorization|cookie|[3-6]\d{3}[ -]?\d{4}|3\d{3}[ -]\d{6}|2[2-7]\d{2}[ -]?\d{4}/i;

/** What is found, and what is written instead. Every pattern is linear in the length of the text. */
const PATTERNS: readonly [RegExp, string | ((match: string, ...groups: string[]) => string)][] = [
  [
    /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|$)/g,
    MARK,
  ],
  [/https?:\/\/hooks\.slack\.com\/[^\s"'<>\\]*/gi, `https://hooks.slack.com/${MARK}`],
  // user:password@ and token@ in URLs; the last @ before the path ends them.
  [/([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#"'<>\\]{1,2048}@/gi, `$1${MARK}@`],
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{4,}/gi, `$1 ${MARK}`],
  [/axk_[A-Za-z0-9_-]*/g, `axk_${MARK}`],
  [/eyJ[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_=-]*){0,4}/g, MARK],
  [/\b(?:sk|pk|rk|whsec)(?:-|_)[A-Za-z0-9_-]{6,}/g, MARK],
  [/\b(?:gh[pousr]_|github_pat_|glpat-|xox[a-z]-|xapp-|GOCSPX-|ya29\.)[A-Za-z0-9._-]+/g, MARK],
  [
    /\b(?:(?:hf_|gsk_|npm_|xai-)[A-Za-z0-9]{16,}|SG\.[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]+)?)/g,
    MARK,
  ],
  // What proves that a URL was signed, and what somebody asked by one.
  [
    /([?&](?:x-(?:goog|amz)-(?:signature|credential)|sig|signature|(?:[\w.-]{0,32}[._-])?(?:prompt|question|answer|input|output|text|message|content))=)[^&#\s"'<>\\]+/gi,
    `$1${MARK}`,
  ],
  [/\bAIza[A-Za-z0-9_-]{20,}/g, MARK],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{12,}/g, MARK],
  // Headers: everything up to the end of the line, whatever the scheme.
  [
    /((?:proxy-)?authorization|(?:set-)?cookie)(\\?["']?\s{0,4}[=:]\s{0,4}\\?["']?)[^\r\n"'\\]{1,8192}/gi,
    `$1$2${MARK}`,
  ],
  // password=…, apiKey: "…", token: … in texts and in the queries of URLs. After a colon a secret may have spaces.
  [
    /((?:passw(?:or)?d|passphrase|pwd|secret|token|(?:api|access|private)[ _-]?key)(?:\\?["'])?\s{0,4}[=:]\s{0,4})(\\"(?:[^"\\]|\\[^"])*(?:\\")?|\\'(?:[^'\\]|\\[^'])*(?:\\')?|"(?:[^"\\]|\\[\s\S])*"?|'(?:[^'\\]|\\[\s\S])*'?|(?<=:\s{0,4})[^\r\n,;&"'(){}[\]<>]+|[^\s,;&"'(){}[\]<>]+)/gi,
    `$1${MARK}`,
  ],
  [/[A-Za-z0-9._%+-]{1,64}@((?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24})/g, '***@$1'],
  [
    /(?<![\w.])(?:[3-6]\d{3}|2[2-7]\d{2})[ -]?(?:\d{4}[ -]?\d{4}[ -]?\d{1,7}|\d{6}[ -]?\d{5})(?![\w])/g,
    (match) => (isCardNumber(match) ? MARK : match),
  ],
];

/**
 * The text without what must not be in logs: keys and tokens of ours and of known services, `Bearer` and `Basic`
 * credentials, JWTs, private keys, Slack webhooks, credentials and signatures in URLs, `password=…` and the like, what stands
 * under sensitive names in JSON, card numbers;
 * of e-mail addresses the domain stays. Pure; takes time linear in the text's length.
 */
export function redactText(text: string): string {
  if (!SUSPICIOUS.test(text)) return text;
  let redacted = redactMembers(text);
  for (const [pattern, replacement] of PATTERNS) {
    redacted = redacted.replace(pattern, replacement as string);
  }
  return redacted;
}

/** Whether the digits pass the check of card numbers (Luhn). */
function isCardNumber(text: string): boolean {
  const digits = text.replaceAll(/\D/g, '');
  if (digits.length < 13 || digits.length > 19) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
