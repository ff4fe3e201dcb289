import type { Mailer } from '../../cloud/mail.ts';
import type { Secrets } from '../../cloud/secrets.ts';
import type { SendResult } from '../../cloud/sending.ts';
import type { SlackPost } from '../../cloud/slack.ts';
import type { WebhookPost } from '../../cloud/webhook.ts';
import { AppError, errorMessage } from '../../core/errors.ts';
import { refuseMailAddress } from '../channel-rules.ts';
import type { Send } from '../drain.ts';
import { renderMail } from './email.ts';
import { renderSlack } from './slack.ts';
import { renderWebhook } from './webhook.ts';

/**
 * Sends alerts to channels of every kind. A secret that is missing counts as an outage, named in the result: somebody may
 * be about to create it. Addresses are judged again: the rules may be stricter than when they were stored. An alert that
 * cannot be put into words is a failure for good: it would fail the same way again.
 */
export function createSend({
  mail,
  slack,
  webhook,
  secrets,
  now,
}: {
  mail: Mailer;
  slack: SlackPost;
  webhook: WebhookPost;
  secrets: Pick<Secrets, 'get'>;
  /** Epoch milliseconds. */
  now: () => number;
}): Send {
  /** What `use` makes of the secret. */
  async function withSecret(
    scope: string,
    name: string,
    use: (value: string) => Promise<SendResult>,
  ): Promise<SendResult> {
    let value: string;
    try {
      value = await secrets.get(scope, name);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const { retryable, message } = error;
      return { kind: 'failed', retryable, ambiguous: false, detail: message };
    }
    return use(value);
  }

  return async function send(alert, channel) {
    const { target } = channel.body;
    if (target.kind === 'slack') {
      return withSecret(channel.scope, target.webhookSecret, (address) =>
        written(
          () => renderSlack(alert),
          (message) => slack(address, message),
        ),
      );
    }
    if (target.kind === 'webhook') {
      return withSecret(channel.scope, target.signingSecret, (key) =>
        written(
          () => renderWebhook(alert, key, now()),
          (request) => webhook(target.url, request),
        ),
      );
    }
    const reason = target.to.map(refuseMailAddress).find((one) => one !== undefined);
    if (reason === undefined) return written(() => renderMail(alert, channel), mail);
    const detail = `an address ${reason}`;
    return { kind: 'failed', retryable: false, ambiguous: false, detail };
  };
}

/** Hands over what `write` makes, if it makes something: before that nothing can have arrived. */
async function written<T>(
  write: () => T,
  handOver: (message: T) => Promise<SendResult>,
): Promise<SendResult> {
  let message: T;
  try {
    message = write();
  } catch (error) {
    const detail = `the alert could not be put into words: ${errorMessage(error)}`;
    return { kind: 'failed', retryable: false, ambiguous: false, detail };
  }
  return handOver(message);
}
