import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createTokenIssuer } from '../oidc.ts';
import { createHttpServer } from './http.ts';
import type { RunReport } from './job.ts';
import { createJobs } from './jobs.ts';
import { systemTimers, type Timers } from './timers.ts';

export type SchedulerEmulatorOptions = {
  projectId: string;
  /** Key (PEM) of the OIDC tokens. Its public half is published by whoever else signs with it. */
  signingKey: string;
  /** 0 or absent: any free one. */
  port?: number;
  timers?: Timers;
  /** Told how each run ended. */
  onRun?: (report: RunReport) => void;
};

/**
 * Cloud Scheduler's REST API v1 on 127.0.0.1, for HTTP targets with unix-cron schedules: the service's rules, error
 * texts, headers, retries and OIDC tokens. Jobs are in memory and lost on close. What it does not have it refuses
 * by name. `start` once; `close` cancels runs under way and may be called twice.
 */
export function createSchedulerEmulator(options: SchedulerEmulatorOptions) {
  const { projectId, signingKey, timers = systemTimers, onRun = () => {} } = options;
  let shutDown = async () => {};
  let url = '';

  return {
    /** Base URL, e.g. `http://127.0.0.1:8460`; empty before `start`. */
    get url(): string {
      return url;
    },
    /** Listens; rejects when the port is taken. */
    async start(): Promise<void> {
      const issuer = await createTokenIssuer({ signingKey, now: timers.now });
      const jobs = createJobs({ projectId, signToken: issuer.sign, timers, onRun });
      const server = createHttpServer(jobs);
      server.listen(options.port ?? 0, '127.0.0.1');
      await once(server, 'listening');
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      shutDown = async () => {
        jobs.close();
        const closed = once(server, 'close');
        server.close();
        server.closeAllConnections();
        await closed;
      };
    },
    async close(): Promise<void> {
      const shut = shutDown;
      shutDown = async () => {};
      await shut();
    },
  };
}
