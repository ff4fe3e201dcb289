import type { Command } from 'commander';
import { AppError } from '../core/errors.ts';
import type { ApiClient } from './api.ts';
import type { ChannelTarget } from './contract.ts';
import { invalidInput } from './exit.ts';
import { collect, collectSecretNames, parseSecretName } from './options.ts';
import { stableId } from './stable-id.ts';

/** Options that say where alerts go. */
export type TargetOptions = {
  email?: string[];
  slack?: string[];
  webhook?: string;
  signingSecret?: string;
};

/** Adds `--email`, `--slack`, `--webhook` and `--signing-secret`; `each`: every one of them is a channel of its own. */
export function withTargets(command: Command, { each }: { each: boolean }): Command {
  return command
    .option('--email <address>', 'a mail address; may be given several times', collect)
    .option(
      '--slack <secret>',
      `the name of the secret that holds a Slack webhook’s address${each ? '; may be given several times' : ''}`,
      collectSecretNames,
    )
    .option('--webhook <url>', 'an https address that takes alerts as JSON')
    .option(
      '--signing-secret <secret>',
      'the name of the secret that holds the key its messages are signed with',
      parseSecretName,
    );
}

/** The webhook of the options, if any; throws when one half of it is missing. */
export function webhookOf({ webhook, signingSecret }: TargetOptions): ChannelTarget | undefined {
  if ((webhook === undefined) !== (signingSecret === undefined)) {
    throw invalidInput('--webhook and --signing-secret go together.');
  }
  if (webhook === undefined || signingSecret === undefined) return undefined;
  return { kind: 'webhook', url: webhook, signingSecret };
}

/** A channel for every target that the options name, under ids that follow from what they are. */
export function wantedChannels(options: TargetOptions): { id: string; target: ChannelTarget }[] {
  const targets: ChannelTarget[] = [
    ...[...new Set(options.email)].map((to) => ({ kind: 'email' as const, to: [to] })),
    ...[...new Set(options.slack)].map((name) => ({ kind: 'slack' as const, webhookSecret: name })),
    ...[webhookOf(options)].filter((target) => target !== undefined),
  ];
  return targets.map((target) => ({ id: channelId(target), target }));
}

function channelId(target: ChannelTarget): string {
  switch (target.kind) {
    case 'email':
      return stableId(['email', ...target.to]);
    case 'slack':
      return stableId(['slack', target.webhookSecret]);
    case 'webhook':
      return stableId(['webhook', target.url.replace(/^https:\/\//, ''), target.signingSecret]);
  }
}

/** The setting under a path, or undefined when there is none. */
export async function findSetting<T>(api: ApiClient, path: string): Promise<T | undefined> {
  try {
    return await api.call<T>('GET', path);
  } catch (error) {
    if (error instanceof AppError && error.code === 'not_found') return undefined;
    throw error;
  }
}

/** Where a channel leads, in a line. */
export function describeTarget(target: ChannelTarget): string {
  switch (target.kind) {
    case 'email':
      return target.to.join(', ');
    case 'slack':
      return `the webhook in secret ${target.webhookSecret}`;
    case 'webhook':
      return `${target.url} (signed with secret ${target.signingSecret})`;
  }
}
