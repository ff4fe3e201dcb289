import { isDeepStrictEqual } from 'node:util';
import { AppError, errorMessage } from '../core/errors.ts';
import { type ApiClient, workspacePath } from './api.ts';
import { findSetting } from './channel-target.ts';
import type { Channel, ChannelBody, ChannelTarget } from './contract.ts';
import { type Io, note } from './io.ts';

type Wanted = { id: string; target: ChannelTarget };
/** A channel of a budget; `made`: by this command. */
export type Ensured = { channel: Channel; made: boolean };

/**
 * Throws `invalid_input` for names of channels that are neither the workspace's nor the platform's. Where the key may not
 * see the platform's, names are left to the API.
 */
export async function requireChannels(
  api: ApiClient,
  workspace: string,
  names: readonly string[],
): Promise<void> {
  if (names.length === 0) return;
  const own = await api.call<{ channels: Channel[] }>('GET', workspacePath(workspace, 'channels'));
  const lacks = (channels: readonly Channel[]) => (name: string) =>
    channels.every(({ id }) => id !== name);
  const missing = names.filter(lacks(own.channels));
  const platform = missing.length === 0 ? [] : await platformChannels(api);
  if (platform === undefined) return;
  const unknown = missing.filter(lacks(platform));
  if (unknown.length === 0) return;
  throw new AppError({
    code: 'invalid_input',
    message: `Neither ${workspace} nor the platform has such a channel.`,
    details: unknown.map((id) => ({ field: '--channel', reason: `there is no channel ${id}` })),
  });
}

/** The channel if it is there, also when it takes fewer alerts; throws `conflict` when it leads elsewhere. */
export async function findChannel(
  api: ApiClient,
  workspace: string,
  { id, target }: Wanted,
): Promise<Channel | undefined> {
  const known = await findSetting<Channel>(api, channelPath(workspace, id));
  if (known === undefined || isDeepStrictEqual(known.target, target)) return known;
  throw new AppError({
    code: 'conflict',
    message: `The channel ${id} is there already and leads elsewhere. See: ax channels list --workspace ${workspace}`,
  });
}

/** Makes a channel that was not there; says whether somebody else just did. */
export async function makeChannel(
  api: ApiClient,
  workspace: string,
  wanted: Wanted,
): Promise<Ensured> {
  const body: ChannelBody = { target: wanted.target };
  const path = channelPath(workspace, wanted.id);
  try {
    return { channel: await api.call<Channel>('PUT', path, { body, ifVersion: 0 }), made: true };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'conflict') throw error;
    const now = await findChannel(api, workspace, wanted);
    if (now === undefined) throw error;
    return { channel: now, made: false };
  }
}

/**
 * Removes the channels that a command has made for a budget that was then refused with `cause`, as far as it can, and says
 * so. Where nobody knows whether the budget was stored they stay: it may name them. Never throws.
 */
export async function takeBack(
  io: Io,
  api: ApiClient,
  workspace: string,
  made: readonly Channel[],
  cause: unknown,
): Promise<void> {
  const uncertain = !(cause instanceof AppError) || cause.retryable || cause.code === 'interrupted';
  for (const { id, version } of made) {
    if (uncertain) {
      note(io, `The channel ${id} was made and stays; the same command again goes on from there.`);
      continue;
    }
    const outcome = await api.attempt('DELETE', channelPath(workspace, id), { ifVersion: version });
    note(
      io,
      outcome.kind === 'ok'
        ? `Removed the channel ${id} again, which this command had made.`
        : `The channel ${id}, which this command had made, could not be removed again (${errorMessage(outcome.error)}). ` +
            `Remove it: ax channels rm ${id} --workspace ${workspace}`,
    );
  }
}

/** Who hears of a budget that names no channels, in words that go before "once per period". */
export async function describeHearers(
  api: ApiClient,
  workspace: string,
): Promise<{ words: string; certain: boolean }> {
  const path = workspacePath(workspace, 'channels');
  const outcome = await api.attempt<{ channels: Channel[] }>('GET', path);
  const everybody = `every channel that takes budget alerts (ax channels list --workspace ${workspace}) is told, once per period`;
  if (outcome.kind !== 'ok' || outcome.value.channels.some(takesBudgets)) {
    return { words: everybody, certain: true };
  }
  const add = `Add one: ax channels set owner --workspace ${workspace} --email <address>`;
  const none = `${workspace} has no channel of its own that takes budget alerts`;
  const platform = await platformChannels(api);
  if (platform === undefined) {
    const words = `${none}: unless the platform has one, which this key may not see, nobody will hear of it. ${add}`;
    return { words, certain: false };
  }
  const takers = platform.filter(takesBudgets).map(({ id }) => id);
  if (takers.length === 0) {
    return {
      words: `nobody will hear of it: ${none}, nor has the platform. ${add}`,
      certain: false,
    };
  }
  const words = `the platform’s channels (${takers.join(', ')}) are told, once per period; ${none}`;
  return { words, certain: true };
}

function takesBudgets({ types }: Channel): boolean {
  return types === undefined || types.includes('budget');
}

/** The platform's channels, or undefined where the key may not see them. */
async function platformChannels(api: ApiClient): Promise<Channel[] | undefined> {
  const outcome = await api.attempt<{ channels: Channel[] }>('GET', '/v1/channels');
  return outcome.kind === 'ok' ? outcome.value.channels : undefined;
}

function channelPath(workspace: string, id: string): string {
  return workspacePath(workspace, `channels/${encodeURIComponent(id)}`);
}
