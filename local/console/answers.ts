import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';

const TYPES: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
};
/** Whatever is in logs and spans, nothing of it runs or loads anything. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  'img-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** What a request asks for cannot be given; `status` says why. */
export class AnswerError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Sends a file of the page. */
export function sendFile(response: ServerResponse, name: string): void {
  const extension = name.slice(name.lastIndexOf('.') + 1);
  response.writeHead(200, {
    'content-type': TYPES[extension]!,
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-cache',
  });
  response.end(readFileSync(new URL(`page/${name}`, import.meta.url)));
}

export function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(JSON.stringify(body));
}

/** A whole number of a query, within bounds; throws `AnswerError` 400. */
export function numberOf(
  query: URLSearchParams,
  name: string,
  { fallback, max }: { fallback: number; max: number },
): number {
  const text = query.get(name);
  if (text === null || text === '') return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new AnswerError(400, `${name} must be a whole number from 1 to ${max}, not '${text}'`);
}

/** One of several words of a query, the first being the default; throws `AnswerError` 400. */
export function oneOf<T extends string>(
  query: URLSearchParams,
  name: string,
  words: readonly T[],
): T {
  const text = query.get(name) || words[0]!;
  if ((words as readonly string[]).includes(text)) return text as T;
  throw new AnswerError(400, `${name} must be ${words.join(', ')}, not '${text}'`);
}

/** Text of a query; undefined when there is none. */
export function textOf(query: URLSearchParams, name: string): string | undefined {
  return query.get(name)?.trim() || undefined;
}
