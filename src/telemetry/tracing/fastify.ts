import { type ChannelListener, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { context } from '@opentelemetry/api';
import { getRPCMetadata } from '@opentelemetry/core';

/** As much of fastify as is needed here. */
type Fastify = {
  addHook(
    name: 'onRequest',
    hook: (request: { routeOptions?: { url?: string } }, reply: unknown, done: () => void) => void,
  ): unknown;
};

const CREATED = 'fastify.initialization';

/**
 * Gives the spans of requests that fastify answers the pattern of their route, `GET /v1/workspaces/:workspaceId/costs`, those
 * that a hook refuses included. Reaches every instance that is created afterwards.
 */
export function instrumentFastify(): { close(): void } {
  const onCreated: ChannelListener = (message) => {
    const { fastify } = message as { fastify: Fastify };
    fastify.addHook('onRequest', (request, _reply, done) => {
      const rpc = getRPCMetadata(context.active());
      const route = request.routeOptions?.url;
      if (rpc !== undefined && route !== undefined) rpc.route = route;
      done();
    });
  };
  subscribe(CREATED, onCreated);
  return { close: () => void unsubscribe(CREATED, onCreated) };
}
