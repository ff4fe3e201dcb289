import type { Command } from 'commander';
import { NAME_PATTERN } from '../core/ids.ts';
import { connectApi, workspacePath } from './api.ts';
import type { PriceOverride } from './contract.ts';
import { invalidInput } from './exit.ts';
import { answer, type Io } from './io.ts';
import {
  type ConnectionOptions,
  parsePrice,
  parseTime,
  parseWorkspace,
  withConnection,
} from './options.ts';
import { dollars, table } from './tables.ts';

type ScopeOptions = ConnectionOptions & { workspace?: string; global?: boolean };
type SetOptions = ScopeOptions & {
  provider: string;
  model: string;
  input: string;
  output: string;
  cacheRead?: string;
  cacheWrite?: string;
  from: string;
  to?: string;
  id?: string;
};

/** `ax prices`: prices that hold instead of the price book's, for one workspace or for all. */
export function addPricesCommand(program: Command, io: Io): void {
  const prices = program
    .command('prices')
    .summary('set, list and remove prices of your own')
    .description(
      'Prices that hold instead of the price book’s: of one workspace, or of the platform for every workspace ' +
        'without its own. They price what comes in from then on; for what came before see ax reprice.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ax prices set --workspace acme --provider openai --model gpt-4o --input 2.25 --output 9 --from 2026-11-01
  ax prices list --workspace acme
  ax prices rm openai-gpt-4o-20261101 --workspace acme`,
    );

  const set = prices
    .command('set')
    .summary('set a price')
    .description(
      'Sets the price of a model, in USD per million tokens. Setting the same id again replaces it.',
    );
  withScope(set)
    .requiredOption('--provider <name>', 'as events name it, e.g. openai')
    .requiredOption('--model <name>', 'as events name it, e.g. gpt-4o')
    .requiredOption('--input <usd>', 'USD per million input tokens, e.g. 2.5', parsePrice)
    .requiredOption('--output <usd>', 'USD per million output tokens', parsePrice)
    .option('--cache-read <usd>', 'tokens read from the cache (default: as input)', parsePrice)
    .option('--cache-write <usd>', 'tokens written to the cache (default: as input)', parsePrice)
    .requiredOption('--from <time>', 'first instant it holds, e.g. 2026-11-01', parseTime)
    .option('--to <time>', 'first instant it no longer holds (default: open)', parseTime)
    .option('--id <id>', 'its name (default: from provider, model and date)');
  withConnection(set)
    .addHelpText(
      'after',
      `
Example:
  ax prices set --global --provider acme-ai --model m-large --input 1.2 --output 4.8 --from 2026-11-01`,
    )
    .action(async (options: SetOptions) => {
      requireScope(options);
      const { provider, model, input, output, cacheRead, cacheWrite, from, to } = options;
      const id = options.id ?? defaultId(provider, model, from);
      if (!new RegExp(NAME_PATTERN).test(id)) {
        throw invalidInput(
          '--id is 1 to 128 letters, digits, ".", "_" or "-", and starts with a letter or digit.',
        );
      }
      const body = {
        provider,
        model,
        validFrom: from,
        validTo: to,
        usdPerMillionTokens: { input, output, cacheRead, cacheWrite },
      };
      const api = await connectApi(io, options);
      const path = overridesPath(options, id);
      const saved = await api.call<PriceOverride>('PUT', path, { body });
      answer(io, options.json, saved, () => `Set ${saved.id}.\n\n${describe([saved])}`);
    });

  const list = prices
    .command('list')
    .summary('list them')
    .description('Lists the prices that are set.')
    .addHelpText('after', '\nExample:\n  ax prices list --workspace acme');
  withConnection(withScope(list)).action(async (options: ScopeOptions) => {
    requireScope(options);
    const api = await connectApi(io, options);
    const result = await api.call<{ overrides: PriceOverride[] }>('GET', overridesPath(options));
    answer(io, options.json, result, () =>
      result.overrides.length === 0 ? 'No prices are set here.' : describe(result.overrides),
    );
  });

  const remove = prices
    .command('rm')
    .summary('remove one')
    .description('Removes a price; what was priced by it stays as it is.')
    .argument('<id>', 'its id, as ax prices list shows it')
    .addHelpText('after', '\nExample:\n  ax prices rm openai-gpt-4o-20261101 --workspace acme');
  withConnection(withScope(remove)).action(async (id: string, options: ScopeOptions) => {
    requireScope(options);
    const api = await connectApi(io, options);
    const removed = await api.call<{ id: string }>('DELETE', overridesPath(options, id));
    answer(io, options.json, removed, () => `Removed ${id}.`);
  });
}

function withScope(command: Command): Command {
  return command
    .option('-w, --workspace <id>', 'the workspace it holds for', parseWorkspace)
    .option('--global', 'it holds for every workspace without its own');
}

function requireScope({ workspace, global }: ScopeOptions): void {
  if ((workspace === undefined) === (global !== true)) {
    throw invalidInput('Say for whom: either --workspace <id> or --global.');
  }
}

function overridesPath({ workspace }: ScopeOptions, id?: string): string {
  const below = id === undefined ? 'price-overrides' : `price-overrides/${encodeURIComponent(id)}`;
  return workspace === undefined ? `/v1/${below}` : workspacePath(workspace, below);
}

function defaultId(provider: string, model: string, from: string): string {
  const name = `${provider}-${model}`
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '');
  return `${name.slice(0, 119)}-${from.slice(0, 10).replaceAll('-', '')}`;
}

function describe(overrides: readonly PriceOverride[]): string {
  const rows = overrides.map(({ id, provider, model, validFrom, validTo, usdPerMillionTokens }) => [
    id,
    provider,
    model,
    ...['input', 'output', 'cacheRead', 'cacheWrite'].map((kind) => {
      const usd = usdPerMillionTokens[kind];
      return usd === undefined ? '' : dollars(usd);
    }),
    validFrom,
    validTo ?? '',
  ]);
  const head = ['id', 'provider', 'model', 'input', 'output', 'read', 'written', 'from', 'to'];
  return `${table(head, rows, { right: [3, 4, 5, 6] })}\n\nUSD per million tokens`;
}
