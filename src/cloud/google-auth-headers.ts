import { context } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { GoogleAuth } from 'google-auth-library';

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/**
 * Headers with the process's own Google credentials (application default credentials), for requests that no Google client
 * makes. The token is kept and renewed before it expires. Each call rejects as long as there are no credentials; calls that
 * fetch a token are not traced.
 */
export function createGoogleAuthHeaders(): () => Promise<Record<string, string>> {
  const auth = new GoogleAuth({ scopes: [SCOPE] });
  return () =>
    context.with(suppressTracing(context.active()), async () =>
      Object.fromEntries(await auth.getRequestHeaders()),
    );
}
