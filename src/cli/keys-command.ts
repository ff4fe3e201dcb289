import { type Command, Option } from 'commander';
import { connectApi } from './api.ts';
import type { ApiKey } from './contract.ts';
import { invalidInput } from './exit.ts';
import { answer, type Io, note, terminalWidth } from './io.ts';
import { type ConnectionOptions, parseWorkspace, withConnection } from './options.ts';
import { table } from './tables.ts';

type CreateOptions = ConnectionOptions & {
  name: string;
  role: string;
  workspace?: string;
  platform?: boolean;
};

/** `ax keys`: makes, lists and revokes API keys. */
export function addKeysCommand(program: Command, io: Io): void {
  const keys = program
    .command('keys')
    .summary('create, list and revoke API keys')
    .description(
      'API keys. A key belongs to one workspace or to the platform (all workspaces), and has a role: ingest (send ' +
        'events), read (read costs, prices, settings and alerts), or admin (everything, keys included).',
    )
    .addHelpText(
      'after',
      `
Examples:
  ax keys create --name agents --role ingest --workspace acme
  ax keys list --workspace acme
  ax keys revoke 0199a1b2`,
    );

  const create = keys
    .command('create')
    .summary('make a key')
    .description('Makes a key. Its text is shown this once and stored nowhere.')
    .requiredOption('--name <name>', 'what it is for, e.g. agents')
    .addOption(
      new Option('--role <role>', 'what it may do')
        .choices(['ingest', 'read', 'admin'])
        .makeOptionMandatory(true),
    )
    .option('-w, --workspace <id>', 'the workspace it belongs to', parseWorkspace)
    .option('--platform', 'it belongs to the platform and sees every workspace')
    .addHelpText(
      'after',
      '\nExample:\n  ax keys create --name agents --role ingest --workspace acme',
    );
  withConnection(create).action(async (options: CreateOptions) => {
    const { name, role, workspace, platform } = options;
    if ((workspace === undefined) === (platform !== true)) {
      throw invalidInput('Say whose key it is: either --workspace <id> or --platform.');
    }
    const api = await connectApi(io, options);
    const body = { name, role, workspaceId: workspace ?? null };
    const key = await api.call<ApiKey>('POST', '/v1/keys', { body });
    note(
      io,
      `Key ${key.id} (${role} of ${workspace ?? 'the platform'}); its text is shown only now.`,
    );
    answer(io, options.json, key, () => key.key ?? '');
  });

  const list = keys
    .command('list')
    .summary('list keys')
    .description('Lists the keys of a workspace, or all this key may see.')
    .option('-w, --workspace <id>', 'only of this workspace', parseWorkspace)
    .addHelpText('after', '\nExample:\n  ax keys list --workspace acme --json');
  withConnection(list).action(async (options: ConnectionOptions & { workspace?: string }) => {
    const api = await connectApi(io, options);
    const query = { workspaceId: options.workspace };
    const result = await api.call<{ keys: ApiKey[] }>('GET', '/v1/keys', { query });
    answer(io, options.json, result, () => describe(result.keys, terminalWidth(io)));
  });

  const revoke = keys
    .command('revoke')
    .summary('revoke a key for good')
    .description('Revokes a key for good; requests with it are refused from then on.')
    .argument('<id>', 'its id, as ax keys list shows it')
    .addHelpText('after', '\nExample:\n  ax keys revoke 0199a1b2');
  withConnection(revoke).action(async (id: string, options: ConnectionOptions) => {
    const api = await connectApi(io, options);
    const revoked = await api.call<ApiKey>('DELETE', `/v1/keys/${encodeURIComponent(id)}`);
    answer(io, options.json, revoked, () => `Revoked ${id}.`);
  });
}

function describe(keys: readonly ApiKey[], width: number | undefined): string {
  if (keys.length === 0) return 'No keys.';
  const rows = keys.map(({ id, name, role, workspaceId, createdAt, revokedAt }) => [
    id,
    name,
    role,
    workspaceId ?? '(platform)',
    createdAt,
    revokedAt === undefined ? '' : `revoked ${revokedAt}`,
  ]);
  const head = ['id', 'name', 'role', 'workspace', 'created', ''];
  return table(head, rows, { ids: [0], width });
}
