import type { IncomingMessage } from 'node:http';
import { OAuth2Client } from 'google-auth-library';

/** One message as Pub/Sub pushes it. */
export type PushedMessage = { messageId: string; data: Buffer; attributes: Record<string, string> };

/**
 * Reads the body of a push request (wrapped form, or a CloudEvent in binary mode, whose body is the same), or
 * undefined when it is not one. A message without data has an empty buffer.
 */
export function parsePush(body: unknown): PushedMessage | undefined {
  const { message } = (body ?? {}) as { message?: Record<string, unknown> };
  if (message === null || typeof message !== 'object') return undefined;
  const { messageId, message_id, data = '', attributes = {} } = message;
  const id = messageId ?? message_id;
  if (typeof id !== 'string' || typeof data !== 'string') return undefined;
  return {
    messageId: id,
    data: Buffer.from(data, 'base64'),
    attributes: attributes as Record<string, string>,
  };
}

export type PushAuth = { audience: string; serviceAccount: string; certsUrl?: string };

/** Says whether a push request carries Google's token for this audience and service account. */
export type PushAuthenticator = (
  request: IncomingMessage,
) => Promise<{ kind: 'ok' } | { kind: 'denied'; reason: string }>;

/**
 * Checks the OIDC token of push requests: signature, issuer, expiry, audience, and that it was issued to exactly
 * the configured service account with a verified address. `certsUrl` replaces Google's address of public keys.
 */
export function createPushAuthenticator(auth: PushAuth): PushAuthenticator {
  const { audience, serviceAccount, certsUrl } = auth;
  const client = new OAuth2Client(
    certsUrl === undefined
      ? {}
      : { endpoints: { oauth2FederatedSignonPemCertsUrl: certsUrl } as never },
  );
  return async (request) => {
    const [, idToken] = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '') ?? [];
    if (idToken === undefined) return { kind: 'denied', reason: 'no-token' };
    try {
      const payload = (await client.verifyIdToken({ idToken, audience })).getPayload();
      if (payload?.email !== serviceAccount || payload.email_verified !== true) {
        return { kind: 'denied', reason: 'other-account' };
      }
      return { kind: 'ok' };
    } catch (error) {
      return { kind: 'denied', reason: (error as Error).message };
    }
  };
}
