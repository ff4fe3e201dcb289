import { Type } from 'typebox';
import type { Job, Scheduler } from '../../../src/cloud/scheduler.ts';
import type { ApiApp } from '../app.ts';
import { errorResponses, notFound } from '../errors.ts';

const JobSchema = Type.Object({
  name: Type.String(),
  description: Type.String(),
  schedule: Type.String({ description: 'unix-cron, read in timeZone.' }),
  timeZone: Type.String(),
  state: Type.String({ description: 'enabled, paused, disabled, update-failed or unknown' }),
  lastAttemptAt: Type.Optional(Type.String()),
  lastStatus: Type.Optional(
    Type.Union([Type.Literal('ok'), Type.Object({ code: Type.Integer(), message: Type.String() })]),
  ),
  nextRunAt: Type.Optional(Type.String()),
});
const JobParams = Type.Object({ name: Type.String({ description: 'One of the list.' }) });

/** What runs on a schedule, for the platform's own people; and running it at once. */
export function registerJobRoutes(
  app: ApiApp,
  { scheduler }: { scheduler: Pick<Scheduler, 'list' | 'run'> },
): void {
  async function find(name: string): Promise<Job> {
    const job = (await scheduler.list()).find((one) => one.name === name);
    if (job === undefined) throw notFound([{ field: 'name', reason: `there is no job ${name}` }]);
    return job;
  }

  app.get(
    '/v1/jobs',
    {
      config: { access: { kind: 'platform', role: 'read' } },
      schema: {
        summary: 'List the scheduled jobs and how their last run ended',
        tags: ['jobs'],
        response: { 200: Type.Object({ jobs: Type.Array(JobSchema) }), ...errorResponses },
      },
    },
    async () => ({ jobs: await scheduler.list() }),
  );

  app.get(
    '/v1/jobs/:name',
    {
      config: { access: { kind: 'platform', role: 'read' } },
      schema: {
        summary: 'One scheduled job',
        tags: ['jobs'],
        params: JobParams,
        response: { 200: JobSchema, ...errorResponses },
      },
    },
    (request) => find(request.params.name),
  );

  app.post(
    '/v1/jobs/:name/run',
    {
      config: { access: { kind: 'platform', role: 'admin' } },
      schema: {
        summary: 'Run a job now; the answer is the job as it was then, not the outcome',
        tags: ['jobs'],
        params: JobParams,
        response: { 202: JobSchema, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { name } = await find(request.params.name);
      return reply.code(202).send(await scheduler.run(name));
    },
  );
}
