const MAX_CHARACTERS = 32_768;

type Message = { role: string; parts: unknown[] };

/** Messages as the GenAI conventions write them, as JSON, cut off after 32,768 characters. Never throws. */
export function inputMessages(prompt: unknown): string {
  if (typeof prompt === 'string') return toJson([textMessage('user', prompt)]);
  if (Array.isArray(prompt)) return toJson(prompt.map(message));
  return toJson(prompt);
}

/** What the model wrote, in the same form. */
export function outputMessages(text: string): string {
  return toJson([textMessage('assistant', text)]);
}

/** Any value as JSON, cut off after 32,768 characters; what cannot be written is said so. Never throws. */
export function toJson(value: unknown): string {
  try {
    const json = typeof value === 'string' ? value : JSON.stringify(value);
    return (json ?? '').slice(0, MAX_CHARACTERS);
  } catch {
    return 'not serialisable';
  }
}

/** How many bytes of text a prompt has: of all strings in it, names of fields left out. */
export function textBytesOf(prompt: unknown, depth = 8): number {
  if (typeof prompt === 'string') return Buffer.byteLength(prompt);
  if (typeof prompt !== 'object' || prompt === null || depth === 0) return 0;
  let bytes = 0;
  for (const inner of Object.values(prompt)) bytes += textBytesOf(inner, depth - 1);
  return bytes;
}

function message(given: unknown): unknown {
  const { role, content } = (given ?? {}) as { role?: unknown; content?: unknown };
  if (typeof role !== 'string' || typeof content !== 'string') return given;
  return textMessage(role, content);
}

function textMessage(role: string, content: string): Message {
  return { role, parts: [{ type: 'text', content }] };
}
