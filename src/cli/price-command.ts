import type { Command } from 'commander';
import { connectApi } from './api.ts';
import type { Quote, QuoteAnswer, QuoteCase } from './contract.ts';
import { invalidInput } from './exit.ts';
import { answer, type Io } from './io.ts';
import {
  type ConnectionOptions,
  parseCount,
  parseTime,
  parseWorkspace,
  withConnection,
} from './options.ts';
import { describeCases, priceFile } from './price-file.ts';
import { dollars, table } from './tables.ts';

type Options = ConnectionOptions & {
  provider?: string;
  model?: string;
  inputTokens?: number;
  cacheReadTokens?: number;
  cacheWriteTokens?: number;
  outputTokens?: number;
  at?: string;
  workspace?: string;
  input?: string;
};

/** `ax price`: what a use of a model costs, for one or for a file of them. */
export function addPriceCommand(program: Command, io: Io): void {
  const command = program
    .command('price')
    .summary('what a use of a model costs')
    .description(
      'What a use of a model costs, exactly, by the prices in force at an instant. An unknown price is an answer ' +
        '(priced: false, with the reason), not a failure.',
    )
    .option('--provider <name>', 'e.g. openai')
    .option('--model <name>', 'e.g. gpt-4o')
    .option('--input-tokens <n>', 'tokens sent, cached ones included', parseCount)
    .option('--cache-read-tokens <n>', 'of these, read from the cache', parseCount)
    .option('--cache-write-tokens <n>', 'of these, written to the cache', parseCount)
    .option('--output-tokens <n>', 'tokens received, reasoning included', parseCount)
    .option('--at <time>', 'when it was used (default: now)', parseTime)
    .option('-w, --workspace <id>', 'whose price overrides apply', parseWorkspace)
    .option(
      '--input <file>',
      'price every row of a CSV file with the columns model, provider, input_tokens, cache_read_tokens, ' +
        'cache_write_tokens, output_tokens and, to compare with, expected_usd',
    );
  withConnection(command)
    .addHelpText(
      'after',
      `
Examples:
  ax price --provider openai --model gpt-4o --input-tokens 1000 --output-tokens 500
  ax price --provider anthropic --model claude-haiku-4-5 --input-tokens 50000 --cache-read-tokens 40000 --json
  ax price --input price-cases.csv --at 2026-07-24T12:00:00Z --json`,
    )
    .action(async (options: Options) => {
      if (options.input !== undefined) return priceMany(io, options, options.input);
      const one = toCase(options);
      const api = await connectApi(io, options);
      const body = { cases: [one] };
      const { cases } = await api.call<QuoteAnswer>('POST', '/v1/prices/quote', { body });
      const document = { provider: one.provider, model: one.model, usage: one.usage, ...cases[0]! };
      answer(io, options.json, document, () => describeQuote(document));
    });
}

async function priceMany(io: Io, options: Options, file: string): Promise<void> {
  const single = [
    'provider',
    'model',
    'inputTokens',
    'cacheReadTokens',
    'cacheWriteTokens',
    'outputTokens',
  ] as const;
  const extra = single.find((name) => options[name] !== undefined);
  if (extra !== undefined) {
    const flag = extra.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw invalidInput(`--${flag} does not go with --input: the file says it row by row.`);
  }
  const api = await connectApi(io, options);
  const { at, workspace: workspaceId } = options;
  const cases = await priceFile(api, file, { at, workspaceId });
  answer(io, options.json, { cases }, () => describeCases(cases));
}

function toCase(options: Options): QuoteCase {
  const { provider, model, inputTokens = 0, outputTokens = 0, at, workspace } = options;
  const { cacheReadTokens = 0, cacheWriteTokens = 0 } = options;
  const missing = Object.entries({ provider, model }).flatMap(([name, value]) =>
    value === undefined || value === '' ? [`--${name}`] : [],
  );
  if (options.inputTokens === undefined && options.outputTokens === undefined) {
    missing.push('--input-tokens (or --output-tokens)');
  }
  if (provider === undefined || model === undefined || missing.length > 0) {
    throw invalidInput(
      `ax price needs ${missing.join(', ')}; or --input FILE.csv for many at once.`,
    );
  }
  if (cacheReadTokens + cacheWriteTokens > inputTokens) {
    throw invalidInput(
      '--input-tokens must include --cache-read-tokens and --cache-write-tokens, so be at least their sum.',
    );
  }
  const usage = { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens };
  return { provider, model, usage, at, workspaceId: workspace };
}

function describeQuote(quote: Quote & { provider: string; model: string }): string {
  const name = `${quote.provider} ${quote.model}`;
  if (!quote.priced || quote.costUsd === null) {
    return `${name}: no price known${quote.reason === undefined ? '' : ` (${quote.reason})`}`;
  }
  const rows = (quote.parts ?? []).map((part) => [
    part.kind,
    String(part.tokens ?? part.requests ?? ''),
    part.usdPerMillionTokens === undefined
      ? `${dollars(part.usdPerThousandRequests ?? '0')} per 1,000`
      : `${dollars(part.usdPerMillionTokens)} per 1,000,000`,
    dollars(part.costUsd),
  ]);
  const origin = [quote.source, quote.priceVersion].filter(Boolean).join(' ');
  return [
    `${name}: ${dollars(quote.costUsd)}`,
    '',
    table(['part', 'count', 'price', 'cost'], rows, { right: [1, 2, 3] }),
    '',
    `Priced by ${origin}`,
  ].join('\n');
}
