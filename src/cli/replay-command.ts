import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseInstant } from '../core/time.ts';
import { connectApi } from './api.ts';
import { EXIT, invalidInput } from './exit.ts';
import { answer, type Io, note } from './io.ts';
import {
  type ConnectionOptions,
  parsePositive,
  parseTime,
  parseWorkspace,
  withConnection,
} from './options.ts';
import { azureLlmCsv } from './replay/azure.ts';
import type { ReplayFormat } from './replay/format.ts';
import { costEventsNdjson } from './replay/ndjson.ts';
import { type ReplayResult, replay } from './replay/replay.ts';
import { servegenHourlyCsv } from './replay/servegen.ts';
import { dollars, table } from './tables.ts';

type Options = ConnectionOptions & {
  format: string;
  workspace?: string;
  provider?: string;
  model?: string;
  map?: Map<string, string>;
  end?: string;
  concurrency: number;
  wait: boolean;
  waitSeconds: number;
};

const FORMATS = ['azure-llm-csv', 'servegen-hourly-csv', 'cost-events-ndjson'];

/** `ax replay`: sends the events of a file and waits until they are counted. */
export function addReplayCommand(program: Command, io: Io, exit: (code: number) => void): void {
  const command = program
    .command('replay')
    .summary('send the events of a file, and wait until they are counted')
    .description(
      'Sends the events of a file (gzip is recognised) and waits until they are counted. The whole file is checked ' +
        'first. Ids are derived from the content, so replaying it again changes nothing.',
    )
    .argument('<file>', 'the file to replay')
    .addOption(
      new Option('--format <format>', 'what the file is')
        .choices(FORMATS)
        .makeOptionMandatory(true),
    )
    .option('-w, --workspace <id>', 'the workspace the costs belong to', parseWorkspace)
    .option('--provider <name>', 'provider of the model, e.g. openai')
    .option('--model <name>', 'azure-llm-csv: the model that was called, e.g. gpt-4o')
    .option('--map <from=to,…>', 'servegen-hourly-csv: price these models as others', parseMap)
    .option('--end <time>', 'when the last row happened (default: now)', parseEnd(io))
    .option('--concurrency <n>', 'requests in flight at once', parsePositive, 4)
    .option('--no-wait', 'do not wait until the events are counted')
    .option(
      '--wait-seconds <n>',
      'stop waiting after so long without progress',
      parsePositive,
      120,
    );
  withConnection(command)
    .addHelpText(
      'after',
      `
Formats:
  azure-llm-csv        TIMESTAMP,ContextTokens,GeneratedTokens; one event per row. Needs --workspace, --provider
                       and --model. Times are shifted so that the last row falls on --end.
  servegen-hourly-csv  tenant,model,hour,requests,avg_input_tokens,avg_output_tokens; one event per tenant and
                       hour with requests. The tenant is the workspace (with --workspace: the team). Times are
                       shifted so that the last hour ends at --end (default: the start of this hour).
                       Models keep their names, and so have no price, unless mapped.
  cost-events-ndjson   one cost event per line, as it is. --workspace fills in where there is none.

Examples:
  ax replay trace.csv.gz --format azure-llm-csv --workspace acme --provider openai --model gpt-4o
  ax replay hours.csv.gz --format servegen-hourly-csv --map m-large=gpt-4o,m-small=gpt-4o-mini
  ax replay events.ndjson --format cost-events-ndjson --json`,
    )
    .action(async (file: string, options: Options) => {
      const format = chooseFormat(io, options);
      const api = await connectApi(io, options);
      const result = await replay(io, api, {
        file,
        format,
        endMs: options.end === undefined ? undefined : parseInstant(options.end),
        inFlight: options.concurrency,
        wait: options.wait,
        patienceMs: options.waitSeconds * 1_000,
      });
      answer(io, options.json, result, () => describe(result));
      if (result.state !== 'missing') return;
      note(
        io,
        `ax: ${result.missingEvents} events were accepted but are not counted yet. Either they are still on their ` +
          'way (look again with ax costs, or run the same command again), or they were counted before at another --end.',
      );
      exit(EXIT.failed);
    });
}

function chooseFormat(io: Io, options: Options): ReplayFormat {
  const { format, workspace, provider, model, map } = options;
  const allowed: Record<string, (keyof Options)[]> = {
    'azure-llm-csv': ['workspace', 'provider', 'model', 'end'],
    'servegen-hourly-csv': ['workspace', 'provider', 'map', 'end'],
    'cost-events-ndjson': ['workspace'],
  };
  for (const name of ['workspace', 'provider', 'model', 'map', 'end'] as const) {
    if (options[name] !== undefined && !allowed[format]?.includes(name)) {
      throw invalidInput(`--${name} does not apply to --format ${format}.`);
    }
  }
  if (format === 'cost-events-ndjson') return costEventsNdjson({ workspaceId: workspace });
  if (format === 'servegen-hourly-csv') {
    if (map === undefined) {
      note(
        io,
        'Without --map the models keep their names and have no price: costs will be 0, counted as unpriced.',
      );
    }
    return servegenHourlyCsv({ workspaceId: workspace, provider, models: map ?? new Map() });
  }
  if (workspace === undefined || provider === undefined || model === undefined) {
    const missing = Object.entries({ workspace, provider, model }).flatMap(([name, value]) =>
      value === undefined ? [`--${name}`] : [],
    );
    throw invalidInput(`--format azure-llm-csv needs ${missing.join(', ')}.`);
  }
  return azureLlmCsv({ workspaceId: workspace, provider, model });
}

function parseEnd(io: Io): (text: string) => string {
  return (text) => (text === 'now' ? new Date(io.now()).toISOString() : parseTime(text));
}

function parseMap(text: string): Map<string, string> {
  const pairs = text.split(',').map((pair) => pair.split('='));
  if (pairs.some((pair) => pair.length !== 2 || pair.includes(''))) {
    throw new InvalidArgumentError('Give pairs such as m-large=gpt-4o,m-small=gpt-4o-mini.');
  }
  return new Map(pairs.map(([from, to]) => [from!, to!]));
}

function describe(result: ReplayResult): string {
  const seconds = (result.elapsedMs / 1_000).toFixed(1);
  const skipped = result.skipped === 0 ? '' : `, ${result.skipped} rows without requests skipped`;
  const rows = result.workspaces.map(({ workspaceId, events, countedEvents, totalUsd }) => [
    workspaceId,
    String(events),
    countedEvents === null ? '?' : String(countedEvents),
    totalUsd === null ? '?' : dollars(totalUsd),
  ]);
  const total = result.totalUsd === null ? [] : [`Total ${dollars(result.totalUsd)}`];
  const { period } = result.workspaces[0]!;
  const months =
    period === null ? [] : ['(counted events and costs are of the whole UTC months it touches)'];
  return [
    `${result.eventsSent} events sent in ${seconds} s${skipped}, ending at ${result.end}.`,
    '',
    table(['workspace', 'sent', 'counted', 'cost'], rows, { right: [1, 2, 3] }),
    ...total,
    ...months,
  ].join('\n');
}
