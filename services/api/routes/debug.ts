import { Type } from 'typebox';
import { AppError } from '../../../src/core/errors.ts';
import { MAX_PROFILE_SECONDS, type Profiler } from '../../../src/telemetry/profiling/profiler.ts';
import type { ApiApp } from '../app.ts';
import { errorResponses } from '../errors.ts';

const ProfileQuery = Type.Object(
  {
    type: Type.Enum(['cpu', 'heap'], {
      description: 'cpu: where time goes. heap: who allocates what is kept.',
    }),
    seconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_PROFILE_SECONDS,
        description: 'How long it is watched; 10 unless given.',
      }),
    ),
  },
  { additionalProperties: false },
);

/** Profiles of the instance that answers, for the platform's own people. */
export function registerDebugRoutes(
  app: ApiApp,
  { profiler }: { profiler: Pick<Profiler, 'profileCpu' | 'profileHeap' | 'close'> },
): void {
  // A profile under way ends with what it has, rather than holding up the server's end.
  app.addHook('preClose', async () => profiler.close());

  app.post(
    '/debug/profile',
    {
      config: { access: { kind: 'platform', role: 'admin' } },
      schema: {
        summary:
          'Profile this instance: a .cpuprofile or .heapprofile for Chrome’s developer tools',
        tags: ['debug'],
        querystring: ProfileQuery,
        response: {
          200: Type.Unsafe<Buffer>({
            type: 'object',
            additionalProperties: true,
            description: 'The profile; content-disposition names its file.',
          }),
          ...errorResponses,
        },
      },
    },
    async (request, reply) => {
      const { type, seconds } = request.query;
      const outcome = await (type === 'cpu'
        ? profiler.profileCpu({ seconds })
        : profiler.profileHeap({ seconds }));
      if (outcome.kind === 'refused') throw refusal(outcome);
      const { fileName, json } = outcome.profile;
      return (
        reply
          .header('content-disposition', `attachment; filename="${fileName}"`)
          .header('cache-control', 'no-store')
          .type('application/json')
          // Bytes are sent as they are.
          .send(Buffer.from(json))
      );
    },
  );
}

function refusal(outcome: { reason: 'busy'; until: number } | { reason: 'closed' }): AppError {
  if (outcome.reason === 'closed') {
    return new AppError({
      code: 'unavailable',
      message: 'This instance is ending.',
      retryable: true,
    });
  }
  const until = new Date(outcome.until).toISOString();
  return new AppError({
    code: 'conflict',
    message: `Another profile of this instance is under way until about ${until}; try again then.`,
  });
}
