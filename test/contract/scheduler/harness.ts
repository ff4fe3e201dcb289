import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CloudSchedulerClient, type protos } from '@google-cloud/scheduler';
import { PassThroughClient } from 'google-auth-library';
import { generateSigningKey } from '../../../local/oidc.ts';
import { createSchedulerEmulator } from '../../../local/scheduler/emulator.ts';
import type { RunReport } from '../../../local/scheduler/job.ts';
import type { Timers } from '../../../local/scheduler/timers.ts';
import { eventually } from '../../e2e/waiting.ts';

export type Job = protos.google.cloud.scheduler.v1.IJob;
export const PROJECT = 'contract-tests';
export const PARENT = `projects/${PROJECT}/locations/europe-west1`;
export const jobName = (id: string) => `${PARENT}/jobs/${id}`;

/** A clock that stands until it is turned; alarms ring in order while it is. */
export function createManualTimers(
  startMs: number,
): Timers & { turnTo: (ms: number) => void; alarms: () => number } {
  let nowMs = startMs;
  const alarms = new Set<{ atMs: number; fn: () => void }>();
  return {
    now: () => nowMs,
    at(atMs, fn) {
      const alarm = { atMs, fn };
      alarms.add(alarm);
      return () => alarms.delete(alarm);
    },
    alarms: () => alarms.size,
    turnTo(ms) {
      for (;;) {
        const [next] = [...alarms].sort((a, b) => a.atMs - b.atMs);
        if (next === undefined || next.atMs > ms) break;
        nowMs = Math.max(nowMs, next.atMs);
        alarms.delete(next);
        next.fn();
      }
      nowMs = ms;
    },
  };
}

/** The emulator on a free port with Google's own client pointed at it, and the reports of its runs. */
export async function startHarness(timers?: Timers) {
  const signingKey = generateSigningKey();
  const reports: RunReport[] = [];
  const emulator = createSchedulerEmulator({
    projectId: PROJECT,
    signingKey,
    ...(timers && { timers }),
    onRun: (report) => reports.push(report),
  });
  await emulator.start();
  const client = new CloudSchedulerClient({
    projectId: PROJECT,
    fallback: true,
    protocol: 'http',
    apiEndpoint: '127.0.0.1',
    port: Number(new URL(emulator.url).port),
    authClient: new PassThroughClient(),
  });
  return {
    client,
    emulator,
    signingKey,
    reports,
    /** Resolves once `count` runs have ended. */
    ended: (count: number) => eventually(() => reports.length >= count, { what: `${count} runs` }),
    async close() {
      await client.close();
      await emulator.close();
    },
  };
}

export type Received = { method: string; headers: IncomingHttpHeaders; body: string };

/** A target that answers with the statuses in `answers` in turn, each when it is there, then 204. */
export async function startTarget() {
  const received: Received[] = [];
  const answers: (number | Promise<number>)[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const { method = '', headers } = request;
    received.push({ method, headers, body: Buffer.concat(chunks).toString() });
    response.writeHead((await answers.shift()) ?? 204).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/run`,
    received,
    answers,
    receivedAtLeast: (count: number) =>
      eventually(() => received.length >= count, { what: `${count} requests` }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
