import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { v7 } from 'uuid';
import type { Content, Message } from './message.ts';

const MAX_MESSAGES = 1_000;

export type Store = ReturnType<typeof createStore>;

/**
 * The last 1,000 messages, in order of arrival, in memory and in `file` (JSON lines), so that they outlive the
 * process. `onChange` is told of every new message, and with undefined that all were removed.
 */
export function createStore(options: { file: string; now: () => number }) {
  const { file, now } = options;
  mkdirSync(dirname(file), { recursive: true });
  let messages = readMessages(file);
  let linesInFile = messages.length;
  const listeners = new Set<(message: Message | undefined) => void>();
  rewrite();

  function rewrite(): void {
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, messages.map((message) => `${JSON.stringify(message)}\n`).join(''), {
      mode: 0o600,
    });
    renameSync(draft, file);
    linesInFile = messages.length;
  }

  return {
    /** Stored when it returns, on the disk too. */
    add(content: Content): Message {
      const receivedAt = new Date(now());
      const message = { id: v7(), receivedAt: receivedAt.toISOString(), ...content };
      appendFileSync(file, `${JSON.stringify(message)}\n`);
      linesInFile += 1;
      messages.push(message);
      if (messages.length > MAX_MESSAGES) messages.shift();
      if (linesInFile > 2 * MAX_MESSAGES) rewrite();
      for (const listener of listeners) listener(message);
      return message;
    },
    /** In order of arrival; with `sinceMs` only those received then or later. */
    list(filter: { kind?: Message['kind']; sinceMs?: number } = {}): Message[] {
      const { kind, sinceMs } = filter;
      return messages.filter(
        (message) =>
          (kind === undefined || message.kind === kind) &&
          (sinceMs === undefined || Date.parse(message.receivedAt) >= sinceMs),
      );
    },
    clear(): void {
      messages = [];
      rewrite();
      for (const listener of listeners) listener(undefined);
    },
    /** Returns what ends the subscription. */
    onChange(listener: (message: Message | undefined) => void): () => void {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function readMessages(file: string): Message[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  const messages: Message[] = [];
  for (const line of text.split('\n')) {
    try {
      messages.push(JSON.parse(line));
    } catch {
      // Empty, or the half line of a process that was killed while it wrote.
    }
  }
  return messages.slice(-MAX_MESSAGES);
}
