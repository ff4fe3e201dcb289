import { createRequire } from 'node:module';
import {
  type GrpcObject,
  loadPackageDefinition,
  Server,
  type ServiceClientConstructor,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { createListener, unary } from '../grpc/server.ts';
import { MAX_PAYLOAD_BYTES } from './limits.ts';
import { createPublisherCalls } from './publisher.ts';
import { createPullCall } from './pull.ts';
import type { Registry } from './registry.ts';
import { toServiceError } from './status.ts';
import { createStreamingPullCall } from './streaming-pull.ts';
import { createSubscriberCalls } from './subscriber.ts';

export type GrpcServerOptions = {
  registry: Registry;
  projectId: string;
  now: () => number;
};

/** The gRPC face: `Publisher` and `Subscriber`. RPCs without a handler answer UNIMPLEMENTED naming themselves. */
export function createGrpcServer({ registry, projectId, now }: GrpcServerOptions) {
  const { Publisher, Subscriber } = loadServices();
  const server = new Server({
    // Room above the service's own limit, so that its own message answers and not the transport's.
    'grpc.max_receive_message_length': 2 * MAX_PAYLOAD_BYTES,
    'grpc.max_send_message_length': -1,
  });
  server.addService(
    withRequestBytes(Publisher),
    unary(createPublisherCalls(registry, projectId), toServiceError),
  );
  server.addService(Subscriber, {
    ...unary(
      {
        ...createSubscriberCalls(registry, projectId, now),
        Pull: createPullCall(registry, projectId),
      },
      toServiceError,
    ),
    StreamingPull: createStreamingPullCall(registry, projectId, now),
  });

  return createListener(server);
}

function loadServices(): { Publisher: ServiceDefinition; Subscriber: ServiceDefinition } {
  // The descriptors belong to the client's own dependency: resolve them from there, wherever npm has put it.
  const require = createRequire(createRequire(import.meta.url).resolve('@google-cloud/pubsub'));
  const descriptors = require('@google-cloud/pubsub-api/build/protos/protos.json');
  const loaded = loadPackageDefinition(
    fromJSON(descriptors, { longs: Number, enums: String, defaults: true }),
  );
  const v1 = ['google', 'pubsub', 'v1'].reduce(
    (node, name) => node[name] as GrpcObject,
    loaded,
  ) as Record<string, ServiceClientConstructor>;
  return { Publisher: v1.Publisher!.service, Subscriber: v1.Subscriber!.service };
}

/** Publish is limited by its serialized size, which only decoding sees. */
function withRequestBytes(definition: ServiceDefinition): ServiceDefinition {
  const publish = definition.Publish!;
  return {
    ...definition,
    Publish: {
      ...publish,
      requestDeserialize: (bytes: Buffer) => ({
        ...publish.requestDeserialize(bytes),
        requestBytes: bytes.length,
      }),
    },
  };
}
