import type { createClient } from './client.ts';
import { eventually } from './waiting.ts';

/** Lets workspaces of a local cloud spend money. Every event is accepted before the next line runs. */
export function createSpender(client: ReturnType<typeof createClient>) {
  return {
    async spend(
      workspaceId: string,
      id: string,
      costUsd: string,
      parts: Record<string, unknown> = {},
    ): Promise<void> {
      const event = {
        id,
        workspaceId,
        timestamp: new Date().toISOString(),
        resourceType: 'llm_api',
        resourceId: 'chat.completions',
        provider: 'openai',
        model: 'gpt-4o',
        costUsd,
        currency: 'USD',
        ...parts,
      };
      await eventually(
        async () => {
          const sent = await client
            .call('/v1/cost-events', { body: { events: [event] } })
            .catch(() => undefined);
          return sent?.status === 202;
        },
        { timeoutMs: 30_000, what: `acceptance of ${id}` },
      );
    },
  };
}
