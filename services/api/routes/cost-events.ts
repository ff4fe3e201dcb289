import { Type } from 'typebox';
import type { Publisher } from '../../../src/cloud/pubsub.ts';
import type { FieldError } from '../../../src/core/errors.ts';
import { CostEventSchema, MAX_EVENTS_PER_MESSAGE } from '../../../src/costs/event.ts';
import { publishEntries } from '../../../src/costs/messages.ts';
import { type ApiApp, principalOf } from '../app.ts';
import { acceptBatch } from '../cost-event-batch.ts';
import { errorResponses, invalidArgument, notFound } from '../errors.ts';

const MAX_DETAILS = 100;

/** Takes cost events in. The answer comes when Pub/Sub has them all; a repeat with the same ids counts once. */
export function registerCostEventRoutes(
  app: ApiApp,
  deps: { publisher: Pick<Publisher, 'publish'>; now: () => number },
): void {
  const { publisher, now } = deps;
  app.post(
    '/v1/cost-events',
    {
      config: { access: { kind: 'any', role: 'ingest' } },
      schema: {
        summary: 'Send cost events, all or none',
        description:
          'Workspace keys may leave workspaceId out. One bad event refuses the whole batch, with every error named. ' +
          'After 503 or a lost answer send the same events again: ids make it safe.',
        tags: ['cost events'],
        body: Type.Object({
          events: Type.Array(CostEventSchema, { minItems: 1, maxItems: MAX_EVENTS_PER_MESSAGE }),
        }),
        response: {
          202: Type.Object({ accepted: Type.Integer(), ids: Type.Array(Type.String()) }),
          ...errorResponses,
        },
      },
      // The schema documents; the parser below checks with it and names all errors with their index.
      validatorCompiler: () => () => true,
    },
    async (request, reply) => {
      const batch = acceptBatch(principalOf(request), request.body, { now: now() });
      if (batch.kind === 'foreign') throw notFound(firstOf(batch.errors));
      if (batch.kind === 'invalid') {
        const count = batch.errors.length;
        const shown = count > MAX_DETAILS ? `, the first ${MAX_DETAILS} of them named` : '';
        const message = `Nothing was accepted: ${count} ${count === 1 ? 'error' : 'errors'}${shown}.`;
        throw invalidArgument(message, firstOf(batch.errors));
      }
      await publishEntries(publisher, 'events', batch.events);
      const ids = batch.events.map((event) => event.id);
      return reply.code(202).send({ accepted: ids.length, ids });
    },
  );
}

function firstOf(errors: FieldError[]): FieldError[] {
  return errors.slice(0, MAX_DETAILS);
}
