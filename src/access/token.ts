import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const TOKEN = /^axk_([0-9a-f]{20})_([A-Za-z0-9_-]{43})$/;

/** A new API key, `axk_<id>_<secret>`: the id names it in lists and logs, the secret is 256 random bits. */
export function createToken(): { id: string; token: string } {
  const id = randomBytes(10).toString('hex');
  return { id, token: `axk_${id}_${randomBytes(32).toString('base64url')}` };
}

/** The id inside a key, or undefined when the text cannot be one of our keys. */
export function tokenId(token: string): string | undefined {
  return TOKEN.exec(token)?.[1];
}

/** What is stored in place of a key: its HMAC-SHA256 under the pepper, 64 hex digits. */
export function hashToken(pepper: string, token: string): string {
  return createHmac('sha256', pepper).update(token).digest('hex');
}

/** Compares two hashes of `hashToken` in a time that does not depend on where they differ. */
export function sameHash(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
