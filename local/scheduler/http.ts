import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { LiveJob } from './job.ts';
import { formatJob } from './job-json.ts';
import type { Jobs } from './jobs.ts';
import { invalid, SchedulerError, unsupported } from './status.ts';

const MAX_BODY_BYTES = 1_048_576;
const PATH = /^\/v1\/(projects\/[^/]+\/locations\/[^/]+)\/jobs(?:\/([^/:]+))?(?::([a-z]+))?$/i;

/** The REST surface of Cloud Scheduler v1 for `jobs`, with `/healthz`; anything else is refused by name. */
export function createHttpServer(jobs: Jobs): Server {
  async function answer(request: IncomingMessage): Promise<object> {
    const url = new URL(request.url ?? '/', 'http://local');
    const path = decodeURIComponent(url.pathname);
    if (path === '/healthz') return { status: 'ok' };
    const [, parent, id, verb] = PATH.exec(path) ?? [];
    const operation = `${request.method} ${verb ? `:${verb}` : id ? 'job' : 'jobs'}`;
    if (parent === undefined) throw unsupported(`${request.method} ${path}`);
    const name = `${parent}/jobs/${id}`;
    const body = await readJson(request);
    const numeric = /enum-encoding=int/.test(url.searchParams.get('$alt') ?? '');
    const json = (job: LiveJob) => formatJob(job.config, job.state, numeric);

    switch (operation) {
      case 'GET jobs': {
        const size = Number(url.searchParams.get('pageSize') ?? '0');
        const page = jobs.list(parent, size, url.searchParams.get('pageToken') ?? '');
        return { ...page, jobs: page.jobs.map(json) };
      }
      case 'POST jobs':
        return json(jobs.create(parent, body));
      case 'GET job':
        return json(jobs.get(name));
      case 'PATCH job':
        return json(jobs.update(name, body, url.searchParams.get('updateMask')));
      case 'DELETE job':
        jobs.remove(name);
        return {};
      case 'POST :pause':
        return json(jobs.pause(name));
      case 'POST :resume':
        return json(jobs.resume(name));
      case 'POST :run':
        return json(jobs.run(name));
      default:
        throw unsupported(`${request.method} ${path}`);
    }
  }

  return createServer((request, response) => {
    answer(request)
      .then((body) => send(response, 200, body))
      .catch((error: unknown) => {
        const known =
          error instanceof SchedulerError
            ? error
            : new SchedulerError('INTERNAL', (error as Error).message);
        send(response, known.httpStatus, known.toBody());
      });
  });
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' });
  response.end(JSON.stringify(body));
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (size > MAX_BODY_BYTES) throw invalid('The job is larger than 1 MB.');
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}');
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // Refused below like any other text that is no JSON object.
  }
  throw invalid('Invalid JSON payload received.');
}
