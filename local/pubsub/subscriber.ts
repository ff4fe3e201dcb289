import { modifyAckDeadlines, parseAckIds } from './acks.ts';
import { parseProjectName, parseResourceName } from './names.ts';
import { pageOf } from './paging.ts';
import { parsePushConfig } from './push-config.ts';
import type { Registry } from './registry.ts';
import {
  formatSubscription,
  parseSubscription,
  type SubscriptionConfig,
  updateSubscription,
} from './subscription-config.ts';
import type { FieldMask, ListRequest, PushConfig, Subscription } from './wire.ts';

/** The unary calls of `google.pubsub.v1.Subscriber` except Pull, by name; each takes the request and returns the answer or throws a PubSubStatus. */
export function createSubscriberCalls(registry: Registry, projectId: string, now: () => number) {
  const live = (name: string) =>
    registry.subscription(parseResourceName(name, 'subscriptions', projectId));

  function put(next: SubscriptionConfig) {
    registry.requireTopics(next);
    registry.subscription(next.name).update(next);
    return formatSubscription(next);
  }

  return {
    CreateSubscription(request: Subscription) {
      const config = parseSubscription(request, projectId);
      return formatSubscription(registry.createSubscription(config).config);
    },

    GetSubscription({ subscription }: { subscription: string }) {
      return formatSubscription(live(subscription).config);
    },

    UpdateSubscription(request: { subscription: Subscription; updateMask: FieldMask | null }) {
      const { config } = live(request.subscription.name);
      return put(updateSubscription(config, request.subscription, request.updateMask, projectId));
    },

    ModifyPushConfig(request: { subscription: string; pushConfig: PushConfig | null }) {
      const { config } = live(request.subscription);
      put({ ...config, push: parsePushConfig(request.pushConfig) });
      return {};
    },

    DeleteSubscription({ subscription }: { subscription: string }) {
      registry.deleteSubscription(live(subscription).config.name);
      return {};
    },

    ListSubscriptions(request: ListRequest & { project: string }) {
      parseProjectName(request.project, projectId);
      const configs = [...registry.subscriptions.values()].map(({ config }) => config);
      const { page, nextPageToken } = pageOf(configs, request);
      return { subscriptions: page.map(formatSubscription), nextPageToken };
    },

    Acknowledge({ subscription, ackIds }: { subscription: string; ackIds: string[] }) {
      const { backlog, config } = live(subscription);
      for (const ackId of parseAckIds(ackIds, config.name)) backlog.ack(ackId);
      return {};
    },

    ModifyAckDeadline(request: {
      subscription: string;
      ackIds: string[];
      ackDeadlineSeconds: number;
    }) {
      const { backlog, config } = live(request.subscription);
      const ackIds = parseAckIds(request.ackIds, config.name);
      modifyAckDeadlines(backlog, ackIds, () => request.ackDeadlineSeconds, now);
      return {};
    },
  };
}
