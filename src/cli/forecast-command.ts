import type { Command } from 'commander';
import { connectApi, workspacePath } from './api.ts';
import type { ForecastAnswer } from './contract.ts';
import { describeForecast } from './forecast-text.ts';
import { answer, type Io, outputWidth } from './io.ts';
import { requireScope, type ScopeOptions, withConnection, withScope } from './options.ts';

/** `ax forecast`: what a workspace, or all of them together, will cost. */
export function addForecastCommand(program: Command, io: Io): void {
  const forecast = program
    .command('forecast')
    .summary('what it will cost by the end of the month, and how sure that is')
    .description(
      'What a workspace will cost in the rest of this UTC month and in the next 30 days, with the ranges where 80 and 95 of ' +
        '100 such amounts lie. For any series of numbers in a file, see ax analyze forecast.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ax forecast --workspace acme
  ax forecast --workspace acme --json
  ax forecast --global`,
    );
  withScope(forecast, 'all workspaces together, for keys of the platform', 'the workspace');
  withConnection(forecast).action(async (options: ScopeOptions) => {
    requireScope(options);
    const api = await connectApi(io, options);
    const { workspace } = options;
    const path = workspace === undefined ? '/v1/forecast' : workspacePath(workspace, 'forecast');
    const result = await api.call<ForecastAnswer>('GET', path);
    answer(io, options.json, result, () => describeForecast(result, outputWidth(io)));
  });
}
