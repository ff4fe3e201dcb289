import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Message, PubSub, type Subscription, v1 } from '@google-cloud/pubsub';
import {
  createPubSubEmulator,
  type PubSubEmulator,
  type PubSubEmulatorOptions,
} from '../../../local/pubsub/emulator.ts';
import type { PubSubStats } from '../../../local/pubsub/http.ts';

export const PROJECT = 'contract-tests';
export const topicName = (id: string) => `projects/${PROJECT}/topics/${id}`;
export const subscriptionName = (id: string) => `projects/${PROJECT}/subscriptions/${id}`;

export type Clients = {
  /** Google's own client. */
  pubsub: PubSub;
  /** Google's generated clients, for single RPCs. */
  publisher: v1.PublisherClient;
  subscriber: v1.SubscriberClient;
  close(): Promise<void>;
};

export type Harness = Clients & {
  emulator: PubSubEmulator;
  stats(): Promise<PubSubStats>;
};

/** The real clients, pointed at a gRPC port of this machine. */
export async function connectClients(projectId: string, grpcPort: number): Promise<Clients> {
  // Without it the client looks for a metadata server first.
  process.env.METADATA_SERVER_DETECTION = 'none';
  const pubsub = new PubSub({ projectId, apiEndpoint: `127.0.0.1:${grpcPort}` });
  type ClientOptions = ConstructorParameters<typeof v1.PublisherClient>[0];
  const options = (await pubsub.getClientConfig()) as ClientOptions;
  const publisher = new v1.PublisherClient(options);
  const subscriber = new v1.SubscriberClient(options);
  return {
    pubsub,
    publisher,
    subscriber,
    async close() {
      await Promise.all([pubsub.close(), publisher.close(), subscriber.close()]);
    },
  };
}

/** The emulator on free ports with the real clients pointed at it. */
export async function startHarness(options: Partial<PubSubEmulatorOptions> = {}): Promise<Harness> {
  const emulator = createPubSubEmulator({ projectId: PROJECT, ...options });
  await emulator.start();
  const clients = await connectClients(PROJECT, emulator.ports.grpc);
  return {
    ...clients,
    emulator,
    async stats() {
      const response = await fetch(`http://127.0.0.1:${emulator.ports.http}/stats`);
      return (await response.json()) as PubSubStats;
    },
    async close() {
      await clients.close();
      await emulator.close();
    },
  };
}

/**
 * The next `count` messages of an open subscription; nothing is acknowledged. The listener stays, because the client
 * closes a subscription, giving back what is in flight, with its last one.
 */
export function nextMessages(subscription: Subscription, count: number): Promise<Message[]> {
  return new Promise((resolve, reject) => {
    const messages: Message[] = [];
    subscription.on('error', reject);
    subscription.on('message', (message: Message) => {
      if (messages.length === count) return;
      messages.push(message);
      if (messages.length === count) resolve(messages);
    });
  });
}

export type Pushed = {
  atMs: number;
  headers: IncomingMessage['headers'];
  raw: string;
  // biome-ignore lint/suspicious/noExplicitAny: the JSON as it came; tests compare its parts.
  json: any;
};

export type PushEndpoint = {
  url: string;
  received: Pushed[];
  /** Resolves once that many deliveries have come in. */
  receivedAtLeast(count: number): Promise<Pushed[]>;
  close(): Promise<void>;
};

/** An HTTP server that takes pushes; `answer` decides about each (0 = the first), default 204. */
export async function startPushEndpoint(
  answer: (response: ServerResponse, index: number, pushed: Pushed) => void = (response) => {
    response.writeHead(204).end();
  },
): Promise<PushEndpoint> {
  const received: Pushed[] = [];
  const waiting = new Set<() => void>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks).toString();
    const wrapped = request.headers['content-type'] === 'application/json';
    const pushed = {
      atMs: Date.now(),
      headers: request.headers,
      raw,
      json: wrapped ? JSON.parse(raw) : undefined,
    };
    received.push(pushed);
    answer(response, received.length - 1, pushed);
    for (const check of waiting) check();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/push`,
    received,
    receivedAtLeast: (count) =>
      new Promise((resolve) => {
        const check = () => {
          if (received.length < count) return;
          waiting.delete(check);
          resolve(received);
        };
        waiting.add(check);
        check();
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Waits until a condition over the HTTP statistics holds; for what no event reports. */
export async function statsUntil(
  harness: Harness,
  holds: (stats: PubSubStats) => boolean,
): Promise<PubSubStats> {
  for (;;) {
    const stats = await harness.stats();
    if (holds(stats)) return stats;
  }
}
