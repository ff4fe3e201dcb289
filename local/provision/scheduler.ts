import { CloudSchedulerClient, type protos } from '@google-cloud/scheduler';
import { PassThroughClient } from 'google-auth-library';
import { unlessPresent } from './unless-present.ts';

/** One job that calls a function on a schedule, in UTC. */
export type ScheduledCall = { id: string; description: string; schedule: string; uri: string };
type Job = protos.google.cloud.scheduler.v1.IJob;

/** Makes the jobs, or sets right what is not. `serviceAccount`: in whose name they call, if in anybody's. */
export async function provisionScheduler(options: {
  projectId: string;
  location: string;
  apiEndpoint: string;
  serviceAccount: string | undefined;
  jobs: readonly ScheduledCall[];
}): Promise<void> {
  const { projectId, location, apiEndpoint, serviceAccount, jobs } = options;
  const { hostname, port } = new URL(apiEndpoint);
  const client = new CloudSchedulerClient({
    projectId,
    fallback: true,
    protocol: 'http',
    apiEndpoint: hostname,
    port: Number(port),
    authClient: new PassThroughClient(),
  });
  const parent = client.locationPath(projectId, location);
  for (const { id, description, schedule, uri } of jobs) {
    const job: Job = {
      name: client.jobPath(projectId, location, id),
      description,
      schedule,
      timeZone: 'Etc/UTC',
      httpTarget: {
        uri,
        httpMethod: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: Buffer.from(JSON.stringify({ job: id })),
        ...(serviceAccount && {
          oidcToken: { serviceAccountEmail: serviceAccount, audience: uri },
        }),
      },
    };
    const made = await unlessPresent(`job ${id}`, () => client.createJob({ parent, job }));
    if (made) continue;
    const [present] = await client.getJob({ name: job.name! });
    if (essence(present) !== essence(job)) await client.updateJob({ job });
  }
  await client.close();
}

/** What we set of a job, as comparable text. */
function essence({ description, schedule, timeZone, httpTarget }: Job): string {
  const { uri, httpMethod, headers, body, oidcToken } = httpTarget ?? {};
  return JSON.stringify([
    ...[description, schedule, timeZone, uri, httpMethod, headers],
    Buffer.from(body ?? '').toString(),
    oidcToken?.serviceAccountEmail,
    oidcToken?.audience,
  ]);
}
