/* The cloud on one machine: starts everything, keeps it running, and takes it all down again. */
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describeCredentials, findRealCredentials } from './credentials.ts';
import { createEndpointFiles, describeEndpoints, type Endpoints } from './endpoints.ts';
import { createEnvironment, PROJECT } from './environment.ts';
import { createLogAgent } from './logging/agent.ts';
import { generateSigningKey } from './oidc.ts';
import {
  DEFAULT_PORT_BASE,
  DEFAULT_STATE_DIR,
  parseStartOptions,
  START_USAGE,
  type StartOptions,
} from './options.mjs';
import { nextFreeBase, type Ports, portsFrom, takenPorts } from './ports.ts';
import { cloudRunServiceOf, describeProcesses, provisionArguments } from './processes.ts';
import { createGuard } from './supervisor/guard.ts';
import { createSupervisor } from './supervisor/supervisor.ts';
import { formatTable } from './table.ts';

const PROVISION_TIMEOUT_MS = 60_000;
/** One Ctrl-C on a terminal arrives several times: from the terminal itself and passed on by npm. */
const SAME_SIGNAL_MS = 1_000;

const startedAt = Date.now();
const say = (line: string) => void process.stdout.write(`  ${line}\n`);

// A terminal that is closed, or `npm start | head`: no reason to die without draining.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

const parsed = parseStartOptions(process.argv.slice(2));
if (parsed.kind === 'run') {
  process.exitCode = await runLocalCloud(parsed.options);
} else if (parsed.kind === 'help') {
  process.stdout.write(START_USAGE);
} else {
  process.stderr.write(`${parsed.reason}\n\n${START_USAGE}`);
  process.exitCode = 2;
}

/** Runs until told to stop; resolves with the exit code once nothing of it is left. */
async function runLocalCloud(options: StartOptions): Promise<number> {
  const ports = portsFrom(options.portBase);
  const refusal = await reasonNotToStart(options, ports);
  if (refusal !== undefined) {
    process.stderr.write(`${refusal}\n`);
    return 1;
  }

  const root = fileURLToPath(new URL('..', import.meta.url));
  const stateDir = resolve(root, options.stateDir);
  const copyDir = join(stateDir, String(options.portBase));
  startAfresh(copyDir);
  const signingKeyFile = makeSigningKey(copyDir);
  const environment = createEnvironment({ ports, copyDir, stateDir, outer: process.env });
  const files = createEndpointFiles({ stateDir, portBase: options.portBase });
  const guard = createGuard({ endpointFiles: [files.own, files.shared] });
  const logDir = join(copyDir, 'logs');
  const logAgent = createLogAgent({
    address: `127.0.0.1:${ports.logging}`,
    projectId: PROJECT,
    serviceOf: cloudRunServiceOf,
  });
  let published = false;
  const supervisor = createSupervisor({
    logDir,
    guard,
    say,
    onSpawn: () => published && files.update(endpoints()),
    onLine: logAgent.line,
    now: Date.now,
  });

  const endpoints = (): Endpoints =>
    describeEndpoints({
      ports,
      environment,
      logDir,
      pids: { ...supervisor.pids(), supervisor: process.pid },
    });
  const provision = async () => {
    const script = [join(root, 'local/provision.ts'), ...provisionArguments(environment)];
    const run = promisify(execFile)(process.execPath, ['--no-warnings', ...script], {
      env: environment.services,
      timeout: PROVISION_TIMEOUT_MS,
    });
    await run.catch((error: Error & { stderr: string }) => {
      throw new Error(`Topics, jobs, tables and views: ${error.stderr.trim() || error.message}`);
    });
  };
  const processes = describeProcesses({
    ...options,
    ports,
    environment,
    root,
    copyDir,
    signingKeyFile,
    provision,
  });

  const stopRequested = untilToldToStop(() => {
    supervisor.kill();
    files.withdraw(process.pid);
    guard.leave();
    process.exit(130);
  });
  const starting = (async () => {
    // 1. What the services talk to. 2. What Terraform would have made. 3. The services. 4. Their visitors.
    await supervisor.start(processes.endpoints);
    await provision();
    say('✓ topics, jobs, tables and views');
    await supervisor.start(processes.services);
    await supervisor.start(processes.workload);
  })();

  let exitCode = 0;
  try {
    const outcome = await Promise.race([starting.then(() => 'ready' as const), stopRequested]);
    if (outcome === 'ready') {
      published = true;
      files.publish(endpoints());
      const elsewhere =
        stateDir !== resolve(root, DEFAULT_STATE_DIR) || options.portBase !== DEFAULT_PORT_BASE;
      process.stdout.write(`\n${formatTable(endpoints(), { ...options, elsewhere })}\n`);
      say(`Ready in ${((Date.now() - startedAt) / 1000).toFixed(1)} s. Ctrl-C stops everything.`);
      await stopRequested;
    }
    say('Stopping …');
  } catch (error) {
    process.stderr.write(`\nThe local cloud could not start:\n${(error as Error).message}\n`);
    exitCode = 1;
  }
  starting.catch(() => {});
  published = false;
  files.withdraw(process.pid);
  // What is printed from now on stands in the files; nobody will ask Cloud Logging for it.
  await logAgent.close();
  await supervisor.stop();
  guard.leave();
  if (exitCode === 0) say('Stopped.');
  return exitCode;
}

/** What speaks against starting here and now, with the way out; undefined when nothing does. */
async function reasonNotToStart(options: StartOptions, ports: Ports): Promise<string | undefined> {
  const credentials = findRealCredentials(process.env);
  if (credentials.length > 0) return describeCredentials(credentials);
  const { pubsub, pubsubHttp, ...always } = ports;
  const needed = process.env.PUBSUB_EMULATOR_HOST ? always : { ...always, pubsub, pubsubHttp };
  const taken = await takenPorts(needed);
  if (taken.length === 0) return undefined;
  const free = await nextFreeBase(options.portBase);
  return [
    ...taken.map(({ name, port }) => `Port ${port} (${name}) is taken by another process.`),
    'If a local cloud runs already, use it or stop it; to start another one beside it:',
    `  npm start -- --port-base ${free ?? 'N'}`,
  ].join('\n');
}

/** Every start begins empty: what an earlier one with this port base left is removed. */
function startAfresh(copyDir: string): void {
  const left = [
    ...['logs', 'redis', 'home', 'profiles'],
    ...['bigquery.duckdb', 'bigquery.duckdb.wal', 'inbox.jsonl'],
  ];
  for (const name of left) {
    rmSync(join(copyDir, name), { recursive: true, force: true });
  }
  for (const name of ['home', 'profiles']) mkdirSync(join(copyDir, name), { recursive: true });
}

/** A new key for the tokens of Pub/Sub and Cloud Scheduler, so that one address of public keys does for both. */
function makeSigningKey(copyDir: string): string {
  const file = join(copyDir, 'signing-key.pem');
  rmSync(file, { force: true });
  writeFileSync(file, generateSigningKey(), { mode: 0o600 });
  return file;
}

/** Resolves at the first request to stop; a second one, made on purpose, calls `force`. */
function untilToldToStop(force: () => void): Promise<'stop'> {
  return new Promise((resolvePromise) => {
    let toldAt: number | undefined;
    const onSignal = () => {
      if (toldAt === undefined) {
        toldAt = Date.now();
        resolvePromise('stop');
      } else if (Date.now() - toldAt > SAME_SIGNAL_MS) {
        force();
      }
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
    // Whoever started us has died without a word.
    process.on('disconnect', () => {
      toldAt ??= Date.now();
      resolvePromise('stop');
    });
    // The listener must not keep us alive once everything else has ended.
    process.channel?.unref();
  });
}
