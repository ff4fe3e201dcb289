import { Type } from 'typebox';
import { listKnownCauses } from '../../../src/analysis/log-patterns/causes-in-force.ts';
import type { FieldError } from '../../../src/core/errors.ts';
import { KnownCauseSchema } from '../../../src/settings/kinds.ts';
import type { Settings } from '../../../src/settings/settings.ts';
import type { ApiApp } from '../app.ts';
import { errorResponses } from '../errors.ts';
import { registerSettingRoutes } from './settings-routes.ts';

/** Each is tried on every template. */
const MAX_CAUSES = 500;
/** What the path of one cause would mean otherwise. */
const RESERVED_IDS = ['in-force'];

/** What is known of errors by how they read: what operators set, and all that is in force with the built-in ones. */
export function registerKnownCauseRoutes(app: ApiApp, { settings }: { settings: Settings }): void {
  registerSettingRoutes(app, settings, {
    kind: 'known-cause',
    path: 'known-causes',
    listName: 'causes',
    noun: 'known cause',
    tag: 'analysis',
    places: ['platform'],
    input: KnownCauseSchema,
    shown: KnownCauseSchema.properties,
    complete: (cause) => cause,
    check: (_scope, { patterns }, id) => [
      ...(RESERVED_IDS.includes(id) ? [{ field: 'id', reason: 'names something else here' }] : []),
      ...patterns.flatMap(checkPattern),
    ],
    maxPerScope: MAX_CAUSES,
  });

  app.get(
    '/v1/known-causes/in-force',
    {
      config: { access: { kind: 'platform', role: 'read' } },
      schema: {
        summary: 'Every known cause of errors, in the order in which they are tried',
        tags: ['analysis'],
        response: {
          200: Type.Object({
            causes: Type.Array(
              Type.Object({
                id: Type.String(),
                ...KnownCauseSchema.properties,
                source: Type.String({ description: 'built-in or setting' }),
              }),
            ),
          }),
          ...errorResponses,
        },
      },
    },
    async () => ({
      causes: (await listKnownCauses(settings)).map((cause) => ({
        ...cause,
        patterns: [...cause.patterns],
      })),
    }),
  );
}

function checkPattern(pattern: string, index: number): FieldError[] {
  const field = `patterns.${index}`;
  if (/\d/.test(pattern)) {
    return [
      { field, reason: 'has a number in it, and templates have none: leave it out or put *' },
    ];
  }
  if (!/[^*\s]/.test(pattern)) return [{ field, reason: 'fits every error there is' }];
  return [];
}
