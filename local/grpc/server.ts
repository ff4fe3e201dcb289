import { setTimeout as sleep } from 'node:timers/promises';
import type { Metadata } from '@grpc/grpc-js';
import { type handleUnaryCall, type Server, ServerCredentials, type status } from '@grpc/grpc-js';

/** Answers of unary calls by the RPC's name; each takes the request and returns the answer or throws. */
// biome-ignore lint/suspicious/noExplicitAny: the table holds calls of many request types; protobuf decides which.
export type UnaryCalls = Record<string, (request: any, call: any) => object | Promise<object>>;

const CLOSE_GRACE_MS = 500;

/** A gRPC server's listening and closing, as promises. */
export function createListener(server: Server) {
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

/** The calls as gRPC wants them; whatever one throws is answered as `toServiceError` says. */
export function unary(
  calls: UnaryCalls,
  toServiceError: (error: unknown) => { code: status; details: string; metadata?: Metadata },
): Record<string, handleUnaryCall<unknown, unknown>> {
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
