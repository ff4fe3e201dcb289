import type { Mailer } from '../../cloud/mail.ts';
import type { Secrets } from '../../cloud/secrets.ts';
import type { SendResult } from '../../cloud/sending.ts';
import type { SlackPost } from '../../cloud/slack.ts';
import type { WebhookPost } from '../../cloud/webhook.ts';
import { AppError } from '../../core/errors.ts';
import { refuseMailAddress } from '../channel-rules.ts';
import type { Send } from '../drain.ts';
import { renderMail } from './email.ts';
import { renderSlack } from './slack.ts';
import { renderWebhook } from './webhook.ts';

/**
 * Sends alerts to channels of every kind. A secret that is missing counts as an outage, named in the result: somebody may
 * be about to create it. Addresses are judged again: the rules may be stricter than when they were stored.
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
      return { kind: 'failed', retryable: true, ambiguous: false, detail: error.message };
    }
    return use(value);
  }

  return async function send(alert, channel) {
    const { target } = channel.body;
    if (target.kind === 'slack') {
      return withSecret(channel.scope, target.webhookSecret, (address) =>
        slack(address, renderSlack(alert)),
      );
    }
    if (target.kind === 'webhook') {
      return withSecret(channel.scope, target.signingSecret, (key) =>
        webhook(target.url, renderWebhook(alert, key, now())),
      );
    }
    const reason = target.to.map(refuseMailAddress).find((one) => one !== undefined);
    if (reason === undefined) return mail(renderMail(alert, channel));
    const detail = `an address ${reason}`;
    return { kind: 'failed', retryable: false, ambiguous: false, detail };
  };
}
