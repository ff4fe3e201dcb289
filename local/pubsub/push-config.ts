import { invalidArgument, invalidField } from './status.ts';
import type { PushConfig } from './wire.ts';

/**
 * Checks a push configuration; `undefined` (pull) when there is none or its endpoint is empty.
 * As in the service the endpoint must be https; plain http is taken for loopback addresses only.
 */
export function parsePushConfig(config: PushConfig | null): PushConfig | undefined {
  if (!config?.pushEndpoint) return undefined;
  const { pushEndpoint, attributes, oidcToken, noWrapper } = config;
  if (!isPushEndpoint(pushEndpoint)) {
    throw invalidArgument(
      `Invalid push endpoint given (endpoint=${pushEndpoint}). Refer to https://cloud.google.com/pubsub/subscriber#create for more information.`,
    );
  }
  const version = attributes['x-goog-version'] ?? 'v1';
  if (version !== 'v1') {
    throw invalidArgument(
      `Invalid push endpoint version given in push config (version=${version}).`,
    );
  }
  if (oidcToken && !oidcToken.serviceAccountEmail.includes('@')) {
    throw invalidField('PushConfig::oidc_token::service_account_email');
  }
  return { pushEndpoint, attributes, oidcToken, noWrapper };
}

function isPushEndpoint(endpoint: string): boolean {
  const url = URL.parse(endpoint);
  if (!url) return false;
  const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  return url.protocol === 'https:' || (url.protocol === 'http:' && loopback);
}
