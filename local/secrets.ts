import { randomBytes } from 'node:crypto';

/** Names of variables that are secrets of channels, among what the developer has set. */
const SECRET = /^(?:SECRET|CHANNEL|SLACK)_[A-Z0-9_]+$/;
/** Names of our own configuration that look like one. */
const CONFIGURATION = ['SECRET_SOURCE', 'SLACK_HOSTS'];

/**
 * The secrets that channels of the local cloud may name, by their names: the Slack webhook of the inbox as
 * `SLACK_WEBHOOK` and `SECRET_NAME`, a new `WEBHOOK_SIGNING_KEY`, and what `outer` has of the kind, which wins.
 */
export function collectSecrets(
  outer: Record<string, string | undefined>,
  slackWebhook: string,
): Record<string, string> {
  const secrets: Record<string, string> = {
    SLACK_WEBHOOK: slackWebhook,
    SECRET_NAME: slackWebhook,
    WEBHOOK_SIGNING_KEY: outer.WEBHOOK_SIGNING_KEY || randomBytes(32).toString('base64url'),
  };
  for (const [name, value] of Object.entries(outer)) {
    if (value && SECRET.test(name) && !CONFIGURATION.includes(name)) secrets[name] = value;
  }
  return secrets;
}
