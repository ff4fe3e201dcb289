import { PLATFORM_SCOPE } from '../core/ids.ts';
import type { Setting, SettingBody } from '../settings/kinds.ts';
import { type Alert, type AlertType, isAtLeast } from './alert.ts';
import type { ChannelRef } from './alert-log.ts';

/** A channel in force; `scope` is a workspace id or `PLATFORM_SCOPE`. */
export type Channel = ChannelRef & { body: SettingBody<'channel'> };

/** What one channel has to do with an alert, and why. */
export type Route =
  | { kind: 'deliver'; channel: Channel; reason: 'named' | 'takes-such-alerts' }
  | { kind: 'skip'; channel: ChannelRef; reason: 'channel-is-gone' }
  | { kind: 'leave'; channel: Channel; reason: 'not-named' | 'too-mild' | 'other-type' };

/**
 * Where an alert goes, given the channels of its workspace and of the platform. One that names channels goes to those: an
 * id to the workspace's, or to the platform's where the workspace has none of it; `-/id` to the platform's. Severity and
 * types that a channel asks for count always, except for test alerts. Every channel given gets one route; so does every
 * name that leads to none.
 */
export function routeAlert(alert: Alert, channels: readonly Channel[]): Route[] {
  const named = alert.channels?.map((name) => resolveName(name, alert.workspaceId, channels));
  const routes: Route[] = channels.map((channel) => {
    if (named !== undefined && !named.includes(channel)) {
      return { kind: 'leave', channel, reason: 'not-named' };
    }
    if (alert.type !== 'test') {
      const { minSeverity = 'low', types } = channel.body;
      if (!takesType(types, alert.type)) {
        return { kind: 'leave', channel, reason: 'other-type' };
      }
      if (!isAtLeast(alert.severity, minSeverity)) {
        return { kind: 'leave', channel, reason: 'too-mild' };
      }
    }
    return { kind: 'deliver', channel, reason: named ? 'named' : 'takes-such-alerts' };
  });
  const gone = new Set(alert.channels?.filter((_, position) => named?.[position] === undefined));
  for (const name of gone) {
    const channel = refOf(name, alert.workspaceId);
    routes.push({ kind: 'skip', channel, reason: 'channel-is-gone' });
  }
  return routes;
}

/** Whether a channel of these types (absent: all that tell of something wrong) takes alerts of a type. */
export function takesType(types: readonly AlertType[] | undefined, type: AlertType): boolean {
  return types === undefined ? type !== 'insight' : types.includes(type);
}

/** The channels of a workspace and of the platform, as of now. */
export async function listChannels(
  settings: {
    list(
      kind: 'channel',
      scope: string,
      options: { fresh: boolean },
    ): Promise<Setting<'channel'>[]>;
  },
  workspaceId: string,
): Promise<Channel[]> {
  const scopes = [workspaceId, PLATFORM_SCOPE];
  const lists = await Promise.all(
    scopes.map((scope) => settings.list('channel', scope, { fresh: true })),
  );
  return lists.flatMap((list, position) =>
    list.map(({ id, body }) => ({ scope: scopes[position]!, id, body })),
  );
}

function refOf(name: string, workspaceId: string): ChannelRef {
  const prefix = `${PLATFORM_SCOPE}/`;
  return name.startsWith(prefix)
    ? { scope: PLATFORM_SCOPE, id: name.slice(prefix.length) }
    : { scope: workspaceId, id: name };
}

function resolveName(
  name: string,
  workspaceId: string,
  channels: readonly Channel[],
): Channel | undefined {
  const { scope, id } = refOf(name, workspaceId);
  const found = channels.find((channel) => channel.scope === scope && channel.id === id);
  return found ?? channels.find((channel) => channel.scope === PLATFORM_SCOPE && channel.id === id);
}
