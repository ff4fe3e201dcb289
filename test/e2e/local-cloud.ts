import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Endpoints } from '../../local/endpoints.ts';
import { nextFreeBase } from '../../local/ports.ts';
import { eventually } from './waiting.ts';

export type LocalCloud = {
  endpoints: Endpoints;
  /** What it printed so far. */
  output: () => string;
  /** The endpoints as they are in the file now: process ids change with restarts. */
  current: () => Endpoints;
  process: ChildProcess;
  stateDir: string;
  /** SIGTERM, and the exit code when all has gone. A second call returns the same. */
  stop: () => Promise<number | null>;
};

const root = resolve(import.meta.dirname, '../..');
const READY_TIMEOUT_MS = 100_000;

/** What a local cloud is started with in tests: nothing a Google client could find credentials by. */
export function cleanEnvironment(stateDir: string): Record<string, string | undefined> {
  const env: Record<string, string | undefined> = { ...process.env, CLOUDSDK_CONFIG: stateDir };
  for (const name of [
    'GOOGLE_APPLICATION_CREDENTIALS',
    'GCE_METADATA_HOST',
    'GCE_METADATA_IP',
    'METADATA_SERVER_DETECTION',
    'PUBSUB_EMULATOR_HOST',
    'SMTP_URL',
  ]) {
    delete env[name];
  }
  return env;
}

/** Runs `npm start` with `args` and collects what it prints. */
export function runStart(args: string[], env: Record<string, string | undefined>) {
  const child = spawn('npm', ['start', '--', ...args], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  child.stderr.on('data', (chunk) => {
    text += chunk;
  });
  const exit = new Promise<number | null>((done) => {
    child.once('close', (code) => done(code));
  });
  return { process: child, output: () => text, exit };
}

/** A whole local cloud on free ports with a state folder of its own; throws with its output if it cannot start. */
export async function startLocalCloud(options: { args?: string[] } = {}): Promise<LocalCloud> {
  const stateDir = mkdtempSync(join(tmpdir(), 'local-cloud-'));
  // Workers of one test run must not pick the same ports at the same moment.
  const worker = Number(process.env.JEST_WORKER_ID ?? '1');
  const base = await nextFreeBase(20_000 + worker * 3_000 + Math.floor(Math.random() * 20) * 100);
  const args = ['--port-base', String(base), '--state-dir', stateDir, ...(options.args ?? [])];
  const started = runStart(args, cleanEnvironment(stateDir));
  const file = join(stateDir, 'endpoints.json');
  const current = () => JSON.parse(readFileSync(file, 'utf8')) as Endpoints;
  await eventually(
    () => {
      if (started.process.exitCode !== null) throw new Error(`It ended:\n${started.output()}`);
      return started.output().includes('Ready in');
    },
    { timeoutMs: READY_TIMEOUT_MS, what: 'Ready' },
  ).catch((error: Error) => {
    started.process.kill('SIGTERM');
    throw new Error(`${error.message}\n${started.output()}`);
  });
  return {
    endpoints: current(),
    output: started.output,
    current,
    process: started.process,
    stateDir,
    async stop() {
      started.process.kill('SIGTERM');
      const code = await started.exit;
      rmSync(stateDir, { recursive: true, force: true });
      return code;
    },
  };
}
