import { randomUUID } from 'node:crypto';
import fastify from 'fastify';
import type { Telemetry } from '../../src/sdk/telemetry.ts';
import { createAgents } from './agents.ts';
import { createProviderClient } from './provider-client.ts';
import type { AgentRequest } from './traffic.ts';

/**
 * The demo agents as a small HTTP service on 127.0.0.1: `POST /v1/runs` takes a request and answers when the agents are
 * done, 502 when they could not. Resolves once it listens; `close` cuts what is under way.
 */
export async function startAgentService(options: {
  telemetry: Telemetry;
  /** Where models are called. */
  providerUrl: string;
}): Promise<{ url: string; close(): Promise<void> }> {
  const { telemetry, providerUrl } = options;
  const agents = createAgents({ telemetry, provider: createProviderClient(providerUrl) });
  const app = fastify({ forceCloseConnections: true });

  app.post<{ Body: AgentRequest }>('/v1/runs', async ({ body, headers }, reply) => {
    const requestId = String(headers['x-request-id'] ?? randomUUID());
    const outcome = await agents.answer(body, requestId);
    return reply.status(outcome.kind === 'answered' ? 200 : 502).send(outcome);
  });

  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return { url, close: () => app.close() };
}
