import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type GrpcObject,
  type handleUnaryCall,
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServiceClientConstructor,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { MAX_PAYLOAD_BYTES } from './limits.ts';
import { createPublisherCalls } from './publisher.ts';
import { createPullCall } from './pull.ts';
import type { Registry } from './registry.ts';
import { toServiceError } from './status.ts';
import { createStreamingPullCall } from './streaming-pull.ts';
import { createSubscriberCalls } from './subscriber.ts';

// biome-ignore lint/suspicious/noExplicitAny: the table holds calls of many request types; protobuf decides which.
type UnaryCalls = Record<string, (request: any, call: any) => object | Promise<object>>;

const CLOSE_GRACE_MS = 500;

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
  server.addService(withRequestBytes(Publisher), unary(createPublisherCalls(registry, projectId)));
  server.addService(Subscriber, {
    ...unary({
      ...createSubscriberCalls(registry, projectId, now),
      Pull: createPullCall(registry, projectId),
    }),
    StreamingPull: createStreamingPullCall(registry, projectId, now),
  });

  return {
    /** Listens and resolves to the port; rejects when it is taken. */
    listen(host: string, port: number): Promise<number> {
      return new Promise((resolve, reject) => {
        server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, bound) =>
          error ? reject(error) : resolve(bound),
        );
      });
    },
    /** Refuses new calls, lets open ones send their last answer for a moment, then cuts every connection. */
    async close(): Promise<void> {
      const drained = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      await Promise.race([drained, sleep(CLOSE_GRACE_MS, undefined, { ref: false })]);
      server.forceShutdown();
    },
  };
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

function unary(calls: UnaryCalls): Record<string, handleUnaryCall<unknown, unknown>> {
  return Object.fromEntries(
    Object.entries(calls).map(([name, answer]) => [
      name,
      async (call, callback) => {
        try {
          callback(null, await answer(call.request, call));
        } catch (error) {
          callback(toServiceError(error));
        }
      },
    ]),
  );
}
