/** Longer than most words in paths; ids and secrets are rarely shorter. */
const LONGEST_WORD = 20;

/**
 * A URL as a span may have it: no user, no query, no fragment, and `*` for each part of the path that may be a secret or an
 * id: webhooks carry their credentials there. What is no URL becomes empty.
 */
export function safeUrl(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null) return '';
  return `${parsed.protocol}//${parsed.host}${safePath(parsed.pathname)}`;
}

function safePath(path: string): string {
  return path
    .split('/')
    .map((part) => (mayBeSecret(part) ? '*' : part))
    .join('/');
}

function mayBeSecret(part: string): boolean {
  if (part.length > LONGEST_WORD && !/^[a-z_.:-]+$/.test(part)) return true;
  // Slack's T024BE7LD and the like: upper case and digits, and nothing that reads as a word.
  return /^(?=.*\d)[A-Z0-9]{8,}$/.test(part);
}
