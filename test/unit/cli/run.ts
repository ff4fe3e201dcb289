import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { Io, Output } from '../../../src/cli/io.ts';
import { runAx } from '../../../src/cli/program.ts';

/** A folder for one test. */
export async function scratchFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'ax-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

export type Run = {
  code: number;
  stdout: string;
  stderr: string;
  json: () => ReturnType<typeof JSON.parse>;
};

/** Runs `ax` in this process against a folder and an environment of its own. */
export async function ax(
  args: readonly string[],
  options: {
    folder: string;
    env?: Record<string, string>;
    now?: () => number;
    interrupted?: AbortSignal;
    /** As of a terminal of this width. */
    columns?: number;
  },
): Promise<Run> {
  const stdout = capture();
  if (options.columns !== undefined) stdout.stream.columns = options.columns;
  const stderr = capture();
  const io: Io = {
    stdout: stdout.stream,
    stderr: stderr.stream,
    env: options.env ?? {},
    cwd: options.folder,
    packageRoot: options.folder,
    now: options.now ?? Date.now,
    interrupted: options.interrupted ?? new AbortController().signal,
  };
  const code = await runAx(args, io);
  return {
    code,
    stdout: stdout.text(),
    stderr: stderr.text(),
    json: () => JSON.parse(stdout.text()),
  };
}

function capture(): { stream: Output; text: () => string } {
  const stream = new PassThrough();
  let text = '';
  stream.on('data', (chunk) => {
    text += chunk;
  });
  return { stream, text: () => text };
}
