import { isDeepStrictEqual } from 'node:util';
import type { Command } from 'commander';
import { AppError } from '../core/errors.ts';
import { type ApiClient, workspacePath } from './api.ts';
import type { Channel, ChannelBody, ChannelTarget } from './contract.ts';
import { invalidInput } from './exit.ts';
import { collect } from './options.ts';
import { stableId } from './stable-id.ts';

/** Options that say where alerts go. */
export type TargetOptions = {
  email?: string[];
  slack?: string[];
  webhook?: string;
  signingSecret?: string;
};

/** Adds `--email`, `--slack`, `--webhook` and `--signing-secret`. */
export function withTargets(command: Command): Command {
  return command
    .option('--email <address>', 'a mail address; may be given several times', collect)
    .option(
      '--slack <secret>',
      'the name of the secret that holds a Slack webhook’s address; may be given several times',
      collect,
    )
    .option('--webhook <url>', 'an https address that takes alerts as JSON')
    .option(
      '--signing-secret <secret>',
      'the name of the secret that holds the key its messages are signed with',
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

/**
 * Makes the channel unless it is there; says whether it had to. One that is there is left as it is, also when it takes
 * fewer alerts; one that leads elsewhere throws `conflict`.
 */
export async function ensureChannel(
  api: ApiClient,
  workspace: string,
  { id, target }: { id: string; target: ChannelTarget },
): Promise<{ channel: Channel; made: boolean }> {
  const path = workspacePath(workspace, `channels/${encodeURIComponent(id)}`);
  const known = await findSetting<Channel>(api, path);
  if (known !== undefined) {
    if (isDeepStrictEqual(known.target, target)) return { channel: known, made: false };
    throw new AppError({
      code: 'conflict',
      message: `The channel ${id} is there already and leads elsewhere. See: ax channels list --workspace ${workspace}`,
    });
  }
  const body: ChannelBody = { target };
  try {
    return { channel: await api.call<Channel>('PUT', path, { body, ifVersion: 0 }), made: true };
  } catch (error) {
    // Somebody may have made the same one just now.
    const now = isConflict(error) ? await findSetting<Channel>(api, path) : undefined;
    if (now === undefined || !isDeepStrictEqual(now.target, target)) throw error;
    return { channel: now, made: false };
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

function isConflict(error: unknown): boolean {
  return error instanceof AppError && error.code === 'conflict';
}
