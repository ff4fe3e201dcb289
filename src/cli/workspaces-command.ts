import type { Command } from 'commander';
import { type ApiClient, connectApi } from './api.ts';
import type { WorkspaceProfile } from './contract.ts';
import { answer, type Io } from './io.ts';
import {
  type ConnectionOptions,
  parseCount,
  parseLine,
  parseWorkspace,
  withConnection,
} from './options.ts';

type SetOptions = ConnectionOptions & { name: string; ifVersion?: number };

/** `ax workspaces`: what people call a workspace. */
export function addWorkspacesCommand(program: Command, io: Io): void {
  const workspaces = program
    .command('workspaces')
    .summary('what people call a workspace')
    .description('What people call a workspace, as its alerts show it. Ids stay as they are.')
    .addHelpText(
      'after',
      `
Examples:
  ax workspaces set acme --name "Acme Bakery"
  ax workspaces show acme`,
    );

  const show = workspaces
    .command('show')
    .summary('show it')
    .description('Shows what people call a workspace.')
    .argument('<id>', 'the workspace', parseWorkspace)
    .addHelpText('after', '\nExample:\n  ax workspaces show acme');
  withConnection(show).action(async (id: string, options: ConnectionOptions) => {
    const api = await connectApi(io, options);
    const profile = await call(api, 'GET', id);
    answer(io, options.json, profile, () => describe(profile));
  });

  const set = workspaces
    .command('set')
    .summary('name it')
    .description('Says what people call a workspace.')
    .argument('<id>', 'the workspace', parseWorkspace)
    .requiredOption('--name <text>', 'one line, at most 128 characters', parseLine)
    .option(
      '--if-version <n>',
      'only if it is at this version now (0: only if nothing was set)',
      parseCount,
    )
    .addHelpText('after', '\nExample:\n  ax workspaces set acme --name "Acme Bakery"');
  withConnection(set).action(async (id: string, options: SetOptions) => {
    const { name, ifVersion } = options;
    const api = await connectApi(io, options);
    const profile = await call(api, 'PUT', id, { body: { name }, ifVersion });
    answer(io, options.json, profile, () => describe(profile));
  });
}

function call(
  api: ApiClient,
  method: 'GET' | 'PUT',
  id: string,
  request?: { body: unknown; ifVersion?: number },
): Promise<WorkspaceProfile> {
  return api.call<WorkspaceProfile>(method, `/v1/workspaces/${encodeURIComponent(id)}`, request);
}

function describe({ workspaceId, name, version, changedAt }: WorkspaceProfile): string {
  if (name === undefined) return `${workspaceId} has no name yet (ax workspaces set).`;
  return `${workspaceId}: ${name} (version ${version}, set ${changedAt})`;
}
