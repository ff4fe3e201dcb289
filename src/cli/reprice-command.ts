import type { Command } from 'commander';
import { connectApi, workspacePath } from './api.ts';
import type { RepriceAnswer } from './contract.ts';
import { answer, type Io } from './io.ts';
import { type ConnectionOptions, parseTime, parseWorkspace, withConnection } from './options.ts';
import { dollars, table } from './tables.ts';

type Options = ConnectionOptions & {
  workspace: string;
  from?: string;
  to?: string;
  dryRun?: boolean;
};

/** `ax reprice`: prices what had no price when it came in. */
export function addRepriceCommand(program: Command, io: Io): void {
  const command = program
    .command('reprice')
    .summary('price what had no price when it came in')
    .description(
      'Prices the events of a workspace that had no price when they came in, now that there is one. Each becomes a ' +
        'correction in the ledger; nothing is edited, and running it again changes nothing.',
    )
    .requiredOption('-w, --workspace <id>', 'the workspace', parseWorkspace)
    .option('--from <time>', 'only events from this instant on', parseTime)
    .option('--to <time>', 'only events before this instant', parseTime)
    .option('--dry-run', 'say what would change, and change nothing');
  withConnection(command)
    .addHelpText(
      'after',
      `
Examples:
  ax reprice --workspace acme --dry-run
  ax reprice --workspace acme --from 2026-11-01 --json`,
    )
    .action(async (options: Options) => {
      const { workspace, from, to, dryRun } = options;
      const api = await connectApi(io, options);
      const path = workspacePath(workspace, 'costs/reprice');
      const body = { from, to, dryRun: dryRun === true };
      const result = await api.call<RepriceAnswer>('POST', path, { body });
      answer(io, options.json, result, () => describe(result));
    });
}

function describe({ scanned, repriced, stillUnpriced, deltaUsd, dryRun }: RepriceAnswer): string {
  const would = dryRun ? 'would be' : 'were';
  const lines = [
    `${repriced} of ${scanned} events without a price ${would} priced, ${dollars(deltaUsd)} in all.`,
  ];
  if (stillUnpriced.length > 0) {
    const rows = stillUnpriced.map(({ provider, model, events }) => [
      provider,
      model,
      String(events),
    ]);
    lines.push('', 'Still without a price (ax prices set gives them one):', '');
    lines.push(table(['provider', 'model', 'events'], rows, { right: [2] }));
  }
  return lines.join('\n');
}
