import { Type } from 'typebox';
import type { ApiApp } from '../app.ts';
import type { Readiness } from '../readiness.ts';

const ReadinessSchema = Type.Object({
  status: Type.String({ description: 'ready or unready' }),
  dependencies: Type.Record(
    Type.String(),
    Type.Object({ ok: Type.Boolean(), latencyMs: Type.Number() }),
  ),
});

/** `/healthz`: the process is up. `/readyz`: so are Redis, the ledger and the event queue. */
export function registerHealthRoutes(
  app: ApiApp,
  { readiness }: { readiness: () => Promise<Readiness> },
): void {
  app.get(
    '/healthz',
    {
      config: { access: { kind: 'public' } },
      schema: {
        summary: 'Whether the process is up',
        tags: ['health'],
        security: [],
        response: { 200: Type.Object({ status: Type.String() }) },
      },
    },
    async () => ({ status: 'ok' }),
  );

  app.get(
    '/readyz',
    {
      config: { access: { kind: 'public' } },
      schema: {
        summary: 'Whether everything the API needs answers',
        tags: ['health'],
        security: [],
        response: { 200: ReadinessSchema, 503: ReadinessSchema },
      },
    },
    async (_request, reply) => {
      const { ready, dependencies } = await readiness();
      return reply
        .code(ready ? 200 : 503)
        .send({ status: ready ? 'ready' : 'unready', dependencies });
    },
  );
}
