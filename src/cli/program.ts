import { Command, CommanderError } from 'commander';
import { addAlertsCommand } from './alerts-command.ts';
import { addAnalyzeCommand } from './analyze.ts';
import { addAnomaliesCommand } from './anomalies-command.ts';
import { addBudgetsCommand } from './budgets-command.ts';
import { addChannelsCommand } from './channels-command.ts';
import { addCostsCommand } from './costs-command.ts';
import { addErrorPatternsCommand } from './error-patterns-command.ts';
import { describeError, EXIT, errorDocument, exitCodeOf, invalidInput } from './exit.ts';
import { addForecastCommand } from './forecast-command.ts';
import { addInsightsCommand } from './insights-command.ts';
import { type Io, note } from './io.ts';
import { addJobsCommand } from './jobs-command.ts';
import { addKeysCommand } from './keys-command.ts';
import { addPriceCommand } from './price-command.ts';
import { addPricesCommand } from './prices-command.ts';
import { addReplayCommand } from './replay-command.ts';
import { addRepriceCommand } from './reprice-command.ts';
import { addWorkspacesCommand } from './workspaces-command.ts';

/**
 * Runs one `ax` command and resolves with the exit code (`EXIT`). The answer goes to stdout, everything else to
 * stderr; with `--json` stdout carries exactly one JSON document, an error's included. Never rejects.
 */
export async function runAx(args: readonly string[], io: Io): Promise<number> {
  const json = args.includes('--json');
  let code: number = EXIT.ok;
  const program = createProgram(io, (wanted) => {
    code = wanted;
  });
  try {
    if (json) requireCommand(program, args);
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has said it on stderr already; help and version that were asked for are no errors.
      if (error.exitCode === 0) return EXIT.ok;
      if (json) writeError(io, invalidInput(error.message.replace(/^error: /, '')));
      return EXIT.usage;
    }
    if (json) writeError(io, error);
    note(io, describeError(error));
    return exitCodeOf(error);
  }
}

function createProgram(io: Io, exit: (code: number) => void): Command {
  const program = new Command('ax')
    .description('Costs of AI agents, exact to the nano-dollar: replay, read, price, watch.')
    .enablePositionalOptions()
    .exitOverride()
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'ax: ')),
      getOutHelpWidth: () => Math.min(120, io.stdout.columns ?? 100),
      getErrHelpWidth: () => Math.min(120, io.stderr.columns ?? 100),
    })
    .showHelpAfterError('(add --help to see how it is used)')
    .addHelpText(
      'after',
      `
The API is found by --api and --key, else AX_API_URL and AX_API_KEY, else the local cloud that runs here (npm start).
With --json, stdout is exactly one JSON document; progress and diagnostics go to stderr.

Exit codes: 0 done; 1 failed; 2 wrong usage or input; 3 not authorised or not found; 4 the API cannot be reached or is
busy; 130 interrupted.

Examples:
  ax replay trace.csv.gz --format azure-llm-csv --workspace acme --provider openai --model gpt-4o
  ax costs --workspace acme --by model
  ax budgets set --workspace acme --monthly 5 --email owner@acme.example
  ax price --provider openai --model gpt-4o --input-tokens 1000 --output-tokens 500`,
    );
  addReplayCommand(program, io, exit);
  addCostsCommand(program, io);
  addForecastCommand(program, io);
  addInsightsCommand(program, io);
  addBudgetsCommand(program, io);
  addChannelsCommand(program, io, exit);
  addAlertsCommand(program, io);
  addAnomaliesCommand(program, io);
  addErrorPatternsCommand(program, io);
  addPriceCommand(program, io);
  addPricesCommand(program, io);
  addRepriceCommand(program, io);
  addKeysCommand(program, io);
  addWorkspacesCommand(program, io);
  addJobsCommand(program, io, exit);
  addAnalyzeCommand(program, io);
  return program;
}

/** Throws where `--json` stands alone behind a group: commander would call it an unknown option. */
function requireCommand(program: Command, args: readonly string[]): void {
  let group = program;
  for (const arg of args.filter((arg) => arg !== '--json')) {
    const next = group.commands.find((command) => command.name() === arg);
    if (next === undefined) return;
    group = next;
  }
  // One with options of its own, such as costs, does something by itself.
  if (group.commands.length === 0 || group.options.length > 0) return;
  const names = group.commands.map((command) => command.name()).join(', ');
  const path = group === program ? 'ax' : `ax ${group.name()}`;
  throw invalidInput(`A command is missing after ${path}: one of ${names}.`);
}

function writeError(io: Io, error: unknown): void {
  io.stdout.write(`${JSON.stringify(errorDocument(error), null, 2)}\n`);
}
