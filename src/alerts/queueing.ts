import type { Alert } from './alert.ts';
import type { AlertLog, ChannelRef, DeliveryStep } from './alert-log.ts';
import type { Outbox, OutboxEntry } from './outbox.ts';
import { type Channel, type Route, routeAlert } from './routing.ts';

/**
 * Puts an alert into the queues of the channels that take it, first in the ledger, then in Redis, and returns those
 * channels. What is known already is left alone, so that a second call is safe. An alert that no channel takes is recorded
 * as skipped. Throws `outbox_absent` (retryable) when Redis lost its memory.
 */
export function createQueueing({
  outbox,
  log,
  channels,
  now,
}: {
  outbox: Outbox;
  log: Pick<AlertLog, 'append'>;
  channels: (workspaceId: string) => Promise<Channel[]>;
  now: () => number;
}) {
  return async function queue(alert: Alert): Promise<ChannelRef[]> {
    const routes = routeAlert(alert, await channels(alert.workspaceId));
    const wanted = routes.filter((route) => route.kind !== 'leave');
    const states = await Promise.all(
      wanted.map(({ channel }) => outbox.stateOf(alert.workspaceId, alert.id, channel)),
    );
    const fresh = wanted.filter((_, position) => states[position] === undefined);
    const atMs = now();
    const steps = fresh.map((route) => stepOf(route, alert, atMs));
    if (wanted.length === 0) {
      steps.push({ event: 'skipped', alert, atMs, detail: whyNobody(routes) });
    }
    await log.append(steps);
    for (const route of fresh) await outbox.queue(entryOf(route, alert, atMs));
    return wanted.filter(({ kind }) => kind === 'deliver').map(({ channel }) => refOf(channel));
  };
}

type Wanted = Exclude<Route, { kind: 'leave' }>;

const GONE = 'there is no such channel';

function stepOf(route: Wanted, alert: Alert, atMs: number): DeliveryStep {
  const { scope, id } = route.channel;
  if (route.kind === 'skip') {
    return { event: 'skipped', alert, channel: { scope, id }, atMs, detail: GONE };
  }
  const { kind } = route.channel.body.target;
  return { event: 'queued', alert, channel: { scope, id, kind }, atMs };
}

function entryOf(route: Wanted, alert: Alert, atMs: number): OutboxEntry {
  const { scope, id } = route.channel;
  if (route.kind === 'deliver') {
    const { kind } = route.channel.body.target;
    return { alert, channel: { scope, id, kind }, state: { phase: 'queued' } };
  }
  const end = { event: 'skipped', attempt: 0, atMs, doubt: false, ambiguous: 0, detail: GONE };
  return {
    alert,
    channel: { scope, id },
    state: { phase: 'ended', recorded: true, ...end } as OutboxEntry['state'],
  };
}

function refOf({ scope, id }: ChannelRef): ChannelRef {
  return { scope, id };
}

function whyNobody(routes: readonly Route[]): string {
  if (routes.length === 0) return 'there is no channel';
  const reasons = routes.map(({ channel, reason }) => `${channel.scope}/${channel.id}: ${reason}`);
  return `no channel takes it (${reasons.join(', ')})`;
}
