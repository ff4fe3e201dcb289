import { createTokenIssuer, generateSigningKey } from '../oidc.ts';
import { createHttpServer } from './http.ts';
import { createRegistry } from './registry.ts';
import { createGrpcServer } from './server.ts';

export type PubSubEmulatorOptions = {
  projectId: string;
  /** gRPC port; 0 or absent: any free one. */
  port?: number;
  /** HTTP port (health, stats, token keys); 0 or absent: any free one. */
  httpPort?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Epoch ms; default the system clock. */
  now?: () => number;
  /** Key (PEM) of the push tokens; absent: one of its own, new at every start. */
  signingKey?: string;
  /** Unacknowledged messages over all subscriptions past which publish answers RESOURCE_EXHAUSTED. Default 250,000. */
  maxBacklogMessages?: number;
  /** The same in bytes. Default 256 MiB. */
  maxBacklogBytes?: number;
  /** Most pushes of one subscription under way at once. Default 128. */
  maxPushWindow?: number;
  /** Longest push backoff while an endpoint refuses everything; the service goes up to 60 s. Default 2,000 ms. */
  maxPushPauseMs?: number;
};

export type PubSubEmulator = {
  /** Listens; rejects when a port is taken. Once only. */
  start(): Promise<void>;
  /** Cuts deliveries and connections and forgets every message. Safe to call twice. */
  close(): Promise<void>;
  /** The ports listened on, known once `start` has resolved. */
  readonly ports: { grpc: number; http: number };
};

/**
 * Google Pub/Sub on this machine: the real wire protocol and the service's rules and error texts, for one project.
 * Everything is in memory and lost on close. What it does not have (snapshots, schemas, seek, filters, exactly-once
 * delivery, …) it answers with UNIMPLEMENTED, naming it.
 */
export function createPubSubEmulator(options: PubSubEmulatorOptions): PubSubEmulator {
  const { projectId, host = '127.0.0.1', now = Date.now } = options;
  const ports = { grpc: 0, http: 0 };
  let shutDown = async () => {};

  return {
    ports,
    async start() {
      const issuer = await createTokenIssuer({
        signingKey: options.signingKey ?? generateSigningKey(),
        now,
      });
      const registry = createRegistry({
        now,
        signToken: issuer.sign,
        maxBacklogMessages: options.maxBacklogMessages ?? 250_000,
        maxBacklogBytes: options.maxBacklogBytes ?? 256 * 1024 * 1024,
        maxPushWindow: options.maxPushWindow ?? 128,
        maxPushPauseMs: options.maxPushPauseMs ?? 2_000,
      });
      const grpc = createGrpcServer({ registry, projectId, now });
      const http = createHttpServer(registry, issuer, projectId);
      shutDown = async () => {
        registry.close();
        await Promise.all([grpc.close(), http.close()]);
      };
      ports.http = await http.listen(host, options.httpPort ?? 0);
      ports.grpc = await grpc.listen(host, options.port ?? 0);
    },
    async close() {
      const once = shutDown;
      shutDown = async () => {};
      await once();
    },
  };
}
