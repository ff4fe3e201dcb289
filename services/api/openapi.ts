import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { CostEventSchema } from '../../src/costs/event.ts';
import type { ApiApp } from './app.ts';

const COST_EVENT = '#/components/schemas/CostEvent';

/** Publishes what the routes declare, from the very schemas that check requests, at `/openapi.json`. */
export async function installOpenApi(app: ApiApp): Promise<void> {
  const options: FastifyDynamicSwaggerOptions = {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'AgentWorks Observability',
        description: 'Costs of AI agents, exact to the nano-dollar. Money is a decimal text.',
        version: '1',
      },
      components: { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } } },
      security: [{ apiKey: [] }],
    },
    transformObject: (documented) => {
      if (!('openapiObject' in documented)) return documented.swaggerObject;
      return withCostEvent(documented.openapiObject as OpenApiDocument) as never;
    },
  };
  await app.register(swagger, options);
  app.get('/openapi.json', { config: { access: { kind: 'public' } }, schema: { hide: true } }, () =>
    app.swagger(),
  );
}

type OpenApiDocument = {
  components?: { schemas?: Record<string, unknown> };
  // biome-ignore lint/suspicious/noExplicitAny: one place in a document of the plugin's making
  paths?: Record<string, any>;
};

// The plugin writes schemas down in the words of OpenAPI 3.0, which loses the patterns of labels; 3.1 takes
// JSON Schema as it is.
function withCostEvent(document: OpenApiDocument): OpenApiDocument {
  const { post } = document.paths?.['/v1/cost-events'] ?? {};
  post.requestBody.content['application/json'].schema.properties.events.items = {
    $ref: COST_EVENT,
  };
  const schemas = { ...document.components?.schemas, CostEvent: CostEventSchema };
  return { ...document, components: { ...document.components, schemas } };
}
