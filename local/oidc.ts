import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { exportJWK, exportSPKI, SignJWT } from 'jose';

export type TokenRequest = { email: string; audience: string };
/** A Google-shaped ID token for the service account and audience, valid for at least half an hour more. */
export type TokenSigner = (request: TokenRequest) => Promise<string>;

export type TokenIssuer = {
  sign: TokenSigner;
  /** Public keys as Google's `/oauth2/v1/certs` lists them: key id → PEM. What google-auth-library reads in Node. */
  pemCerts: Record<string, string>;
  /** Public keys as Google's `/oauth2/v3/certs` lists them (JWKS). */
  jwkCerts: { keys: object[] };
};

const LIFETIME_SECONDS = 3_600;
const RENEW_AFTER_MS = 30 * 60_000;
const MAX_CACHED_TOKENS = 1_000;

/** A new RSA key for tokens, as PKCS #8 PEM. */
export function generateSigningKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}

/**
 * Signs ID tokens with RS256: issuer, claims and lifetime as Google's. Whoever is given the same `signingKey` (PEM)
 * signs under the same key id. The PEM entries hold the bare public key where Google's hold a certificate around it.
 */
export async function createTokenIssuer(options: {
  signingKey: string;
  now: () => number;
}): Promise<TokenIssuer> {
  const { now } = options;
  const privateKey = createPrivateKey(options.signingKey);
  const publicKey = createPublicKey(privateKey);
  const jwk = await exportJWK(publicKey);
  const pem = await exportSPKI(publicKey);
  const kid = createHash('sha1').update(pem).digest('hex');
  const tokens = new Map<string, { token: Promise<string>; renewAtMs: number }>();

  function issue({ email, audience }: TokenRequest): Promise<string> {
    const issuedAt = Math.floor(now() / 1000);
    const sub = subjectOf(email);
    return new SignJWT({ email, email_verified: true, azp: sub })
      .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' })
      .setIssuer('https://accounts.google.com')
      .setAudience(audience)
      .setSubject(sub)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + LIFETIME_SECONDS)
      .sign(privateKey);
  }

  return {
    sign(request) {
      const key = JSON.stringify([request.email, request.audience]);
      const cached = tokens.get(key);
      if (cached && cached.renewAtMs > now()) return cached.token;
      if (tokens.size >= MAX_CACHED_TOKENS) tokens.clear();
      const token = issue(request);
      tokens.set(key, { token, renewAtMs: now() + RENEW_AFTER_MS });
      return token;
    },
    pemCerts: { [kid]: pem },
    jwkCerts: { keys: [{ ...jwk, kid, alg: 'RS256', use: 'sig' }] },
  };
}

/** A stable 21-digit account number, as Google's are, made from the address. */
function subjectOf(email: string): string {
  const digest = BigInt(`0x${createHash('sha256').update(email).digest('hex')}`);
  return `1${String(digest % 10n ** 20n).padStart(20, '0')}`;
}
