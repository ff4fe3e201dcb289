import type { Command } from 'commander';
import { connectApi } from './api.ts';
import type { PriceOverride } from './contract.ts';
import { answer, type Io, terminalWidth } from './io.ts';
import {
  parseCount,
  parseId,
  parsePrice,
  parseTime,
  requireScope,
  type ScopeOptions,
  scopePath,
  withConnection,
  withScope,
} from './options.ts';
import { stableId } from './stable-id.ts';
import { dollars, table } from './tables.ts';

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
  ifVersion?: number;
};

const EVERYBODY = 'it holds for every workspace without its own';

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
  withScope(set, EVERYBODY)
    .requiredOption('--provider <name>', 'as events name it, e.g. openai')
    .requiredOption('--model <name>', 'as events name it, e.g. gpt-4o')
    .requiredOption('--input <usd>', 'USD per million input tokens, e.g. 2.5', parsePrice)
    .requiredOption('--output <usd>', 'USD per million output tokens', parsePrice)
    .option('--cache-read <usd>', 'tokens read from the cache (default: as input)', parsePrice)
    .option('--cache-write <usd>', 'tokens written to the cache (default: as input)', parsePrice)
    .requiredOption('--from <time>', 'first instant it holds, e.g. 2026-11-01', parseTime)
    .option('--to <time>', 'first instant it no longer holds (default: open)', parseTime)
    .option('--id <id>', 'its id (default: from provider, model and date)', parseId)
    .option(
      '--if-version <n>',
      'only if it is at this version now (0: only if there is none)',
      parseCount,
    );
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
      const body = {
        provider,
        model,
        validFrom: from,
        validTo: to,
        usdPerMillionTokens: { input, output, cacheRead, cacheWrite },
      };
      const api = await connectApi(io, options);
      const path = scopePath(options, 'price-overrides', id);
      const saved = await api.call<PriceOverride>('PUT', path, {
        body,
        ifVersion: options.ifVersion,
      });
      answer(
        io,
        options.json,
        saved,
        () => `Set ${saved.id}.\n\n${describe([saved], terminalWidth(io))}`,
      );
    });

  const list = prices
    .command('list')
    .summary('list them')
    .description('Lists the prices that are set.')
    .addHelpText('after', '\nExample:\n  ax prices list --workspace acme');
  withConnection(
    withScope(list, 'those of the platform, for all without their own', 'those of it'),
  ).action(async (options: ScopeOptions) => {
    requireScope(options);
    const api = await connectApi(io, options);
    const result = await api.call<{ overrides: PriceOverride[] }>(
      'GET',
      scopePath(options, 'price-overrides'),
    );
    answer(io, options.json, result, () =>
      result.overrides.length === 0
        ? 'No prices are set here.'
        : describe(result.overrides, terminalWidth(io)),
    );
  });

  const remove = prices
    .command('rm')
    .summary('remove one')
    .description('Removes a price; what was priced by it stays as it is.')
    .argument('<id>', 'its id, as ax prices list shows it')
    .addHelpText('after', '\nExample:\n  ax prices rm openai-gpt-4o-20261101 --workspace acme');
  withConnection(withScope(remove, 'it is the platform’s')).action(
    async (id: string, options: ScopeOptions) => {
      requireScope(options);
      const api = await connectApi(io, options);
      const removed = await api.call<{ id: string }>(
        'DELETE',
        scopePath(options, 'price-overrides', id),
      );
      answer(io, options.json, removed, () => `Removed ${id}.`);
    },
  );
}

function defaultId(provider: string, model: string, from: string): string {
  const instant = from.replaceAll('-', '').replaceAll(':', '');
  return stableId([provider, model, instant.replace(/T000000\.000Z$/, '')], { open: 1 });
}

function describe(overrides: readonly PriceOverride[], width: number | undefined): string {
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
  return `${table(head, rows, { right: [3, 4, 5, 6], ids: [0], width })}\n\nUSD per million tokens`;
}
