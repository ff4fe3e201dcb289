import { checkPublish } from './limits.ts';
import { parseProjectName, parseResourceName } from './names.ts';
import { pageOf } from './paging.ts';
import type { Registry } from './registry.ts';
import { invalidArgument, unsupported } from './status.ts';
import { parseRetention, requirePaths } from './subscription-config.ts';
import {
  type FieldMask,
  fieldsSet,
  type ListRequest,
  type PublishRequest,
  type Topic,
} from './wire.ts';

const SUPPORTED_FIELDS = new Set([
  'name',
  'labels',
  'messageRetentionDuration',
  'state',
  'satisfiesPzs',
]);

/** The unary calls of `google.pubsub.v1.Publisher`, by name; each takes the request and returns the answer or throws a PubSubStatus. */
export function createPublisherCalls(registry: Registry, projectId: string) {
  const topicName = (name: string) => parseResourceName(name, 'topics', projectId);

  return {
    CreateTopic(request: Topic) {
      for (const field of fieldsSet(request)) {
        if (!SUPPORTED_FIELDS.has(field)) throw unsupported(`Topic.${field}`);
      }
      const name = topicName(request.name);
      const messageRetentionDuration = parseRetention(request.messageRetentionDuration) ?? null;
      const resource = { name, labels: request.labels, messageRetentionDuration };
      return formatTopic(registry.createTopic(resource).resource);
    },

    GetTopic({ topic }: { topic: string }) {
      return formatTopic(registry.topic(topicName(topic)).resource);
    },

    UpdateTopic({ topic, updateMask }: { topic: Topic; updateMask: FieldMask | null }) {
      const live = registry.topic(topicName(topic.name));
      const next = { ...live.resource };
      for (const path of requirePaths(updateMask, 'UpdateTopicRequest')) {
        if (path === 'labels') next.labels = topic.labels;
        else if (path === 'message_retention_duration') {
          next.messageRetentionDuration = parseRetention(topic.messageRetentionDuration) ?? null;
        } else throw refusedTopicPath(path, topic);
      }
      live.resource = next;
      return formatTopic(next);
    },

    DeleteTopic({ topic }: { topic: string }) {
      registry.deleteTopic(topicName(topic));
      return {};
    },

    ListTopics(request: ListRequest & { project: string }) {
      parseProjectName(request.project, projectId);
      const { page, nextPageToken } = pageOf(registry.topics.values(), request);
      return { topics: page.map(({ resource }) => formatTopic(resource)), nextPageToken };
    },

    ListTopicSubscriptions(request: ListRequest & { topic: string }) {
      const { subscriptions } = registry.topic(topicName(request.topic));
      const configs = [...subscriptions].map(({ config }) => config);
      const { page, nextPageToken } = pageOf(configs, request);
      return { subscriptions: page.map(({ name }) => name), nextPageToken };
    },

    Publish({ topic, messages, requestBytes }: PublishRequest & { requestBytes: number }) {
      const name = topicName(topic);
      checkPublish(messages, requestBytes);
      return { messageIds: registry.publish(name, messages) };
    },
  };
}

function formatTopic(topic: Topic): Record<string, unknown> {
  return { ...topic, state: 'ACTIVE' };
}

function refusedTopicPath(path: string, topic: Topic) {
  const field = path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  if (path !== 'name' && field in topic) return unsupported(`Updating Topic.${field}`);
  const prefix = 'Invalid update_mask provided in the UpdateTopicRequest:';
  return invalidArgument(
    path === 'name'
      ? `${prefix} the 'name' field in the Topic is not mutable.`
      : `${prefix} '${path}' is not a known Topic field. Note that field paths must be of the form 'schema_settings' rather than 'schemaSettings'.`,
  );
}
