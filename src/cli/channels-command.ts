import { type Command, InvalidArgumentError, Option } from 'commander';
import { AppError } from '../core/errors.ts';
import { type ApiClient, connectApi, workspacePath } from './api.ts';
import { describeTarget, type TargetOptions, webhookOf, withTargets } from './channel-target.ts';
import type {
  AlertDetailAnswer,
  Channel,
  ChannelBody,
  ChannelTarget,
  Delivery,
} from './contract.ts';
import { EXIT, invalidInput } from './exit.ts';
import { answer, type Io, note, terminalWidth } from './io.ts';
import {
  type ConnectionOptions,
  parseCount,
  parseId,
  parseLine,
  parseWorkspace,
  requireScope,
  type ScopeOptions,
  scopePath,
  withConnection,
  withScope,
} from './options.ts';
import { pollUntil } from './polling.ts';
import { table } from './tables.ts';

type SetOptions = ScopeOptions &
  TargetOptions & { name?: string; minSeverity?: string; types?: string[]; ifVersion?: number };
type TestOptions = ConnectionOptions & { workspace: string; global?: boolean };

const EVERYBODY = 'it is the platform’s, and takes the alerts of every workspace';
const TYPES = ['budget', 'spike', 'anomaly', 'error-pattern', 'insight'];
const ENDED = ['sent', 'parked', 'skipped'];
const TEST = { pollMs: 500, patienceMs: 30_000 };

/** `ax channels`: where alerts go. */
export function addChannelsCommand(program: Command, io: Io, exit: (code: number) => void): void {
  const channels = program
    .command('channels')
    .summary('set, list, try and remove where alerts go')
    .description(
      'Where alerts go: mail, Slack, webhooks. A channel belongs to a workspace, or to the platform and then takes the ' +
        'alerts of every workspace. Secrets are named, never given: the API looks them up when it sends.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ax channels set owner --workspace acme --email owner@acme.example
  ax channels set oncall --global --slack ONCALL_SLACK --min-severity high
  ax channels test owner --workspace acme
  ax channels list --workspace acme`,
    );

  const set = channels
    .command('set')
    .summary('set one')
    .description('Sets a channel of one kind. Setting the same id again replaces it.')
    .argument('<id>', 'its id', parseId);
  withTargets(withScope(set, EVERYBODY), { each: false })
    .option('--name <text>', 'what people call it', parseLine)
    .addOption(
      new Option('--min-severity <severity>', 'only alerts this severe or worse').choices([
        'low',
        'medium',
        'high',
        'critical',
      ]),
    )
    .option('--types <types>', `only these, with commas: ${TYPES.join(', ')}`, parseTypes)
    .option(
      '--if-version <n>',
      'only if it is at this version now (0: only if there is none)',
      parseCount,
    );
  withConnection(set)
    .addHelpText(
      'after',
      `
Examples:
  ax channels set owner --workspace acme --email owner@acme.example --email cfo@acme.example
  ax channels set hook --workspace acme --webhook https://hooks.acme.example/costs --signing-secret ACME_HOOK_KEY`,
    )
    .action(async (id: string, options: SetOptions) => {
      requireScope(options);
      const { name, minSeverity, types, ifVersion } = options;
      const body: ChannelBody = { name, target: targetOf(options), minSeverity, types };
      const api = await connectApi(io, options);
      const path = scopePath(options, 'channels', id);
      const saved = await api.call<Channel>('PUT', path, { body, ifVersion });
      const whose =
        options.workspace === undefined ? '--global' : `--workspace ${options.workspace}`;
      answer(io, options.json, saved, () =>
        [
          `Set ${id} (version ${saved.version}).`,
          '',
          describe([saved], terminalWidth(io)),
          '',
          `Try it: ax channels test ${id} ${whose}`,
        ].join('\n'),
      );
    });

  const list = channels
    .command('list')
    .summary('list them')
    .description('Lists the channels of a workspace, or those of the platform.')
    .addHelpText('after', '\nExample:\n  ax channels list --workspace acme');
  withConnection(
    withScope(
      list,
      'those of the platform, which take the alerts of every workspace',
      'those of it',
    ),
  ).action(async (options: ScopeOptions) => {
    requireScope(options);
    const api = await connectApi(io, options);
    const path = scopePath(options, 'channels');
    const result = await api.call<{ channels: Channel[] }>('GET', path);
    answer(io, options.json, result, () =>
      result.channels.length === 0
        ? 'No channels are set here.'
        : describe(result.channels, terminalWidth(io)),
    );
  });

  const remove = channels
    .command('rm')
    .summary('remove one')
    .description('Removes a channel. One that a budget names stays until the budget is changed.')
    .argument('<id>', 'its id, as ax channels list shows it', parseId)
    .addHelpText('after', '\nExample:\n  ax channels rm owner --workspace acme');
  withConnection(withScope(remove, 'it is the platform’s')).action(
    async (id: string, options: ScopeOptions) => {
      requireScope(options);
      const api = await connectApi(io, options);
      const removed = await api.call<{ id: string }>('DELETE', scopePath(options, 'channels', id));
      answer(io, options.json, removed, () => `Removed ${id}.`);
    },
  );

  const test = channels
    .command('test')
    .summary('send a test message and see whether it arrives')
    .description(
      `Sends a test message and waits, at most ${TEST.patienceMs / 1_000} seconds, for what becomes of it. Exit code 1 when it did not get through.`,
    )
    .argument('<id>', 'its id, as ax channels list shows it', parseId)
    .requiredOption(
      '-w, --workspace <id>',
      'the workspace it belongs to; with --global the one whose alert the test looks like',
      parseWorkspace,
    )
    .option('--global', 'it is the platform’s');
  withConnection(test)
    .addHelpText('after', '\nExample:\n  ax channels test owner --workspace acme')
    .action(async (id: string, options: TestOptions) => {
      const api = await connectApi(io, options);
      const { alertId, deliveries } = await runTest(io, api, id, options);
      const arrived = deliveries.length > 0 && deliveries.every(({ status }) => status === 'sent');
      const outcome = arrived ? 'sent' : (deliveries[0]?.status ?? 'waiting');
      const document = { channelId: id, alertId, outcome, deliveries };
      answer(io, options.json, document, () => describeTest(id, options.workspace, document));
      if (!arrived) exit(EXIT.failed);
    });
}

async function runTest(io: Io, api: ApiClient, id: string, options: TestOptions) {
  const { workspace, global } = options;
  const path = scopePath({ workspace: global ? undefined : workspace }, 'channels', id, 'test');
  const body = global ? { workspaceId: workspace } : undefined;
  const { alertId } = await api.call<{ alertId: string }>('POST', path, { body });
  if (options.json !== true) note(io, `Waiting for the test message to ${id} …`);
  const ask = async (): Promise<Delivery[]> => {
    try {
      const alert = workspacePath(workspace, `alerts/${alertId}`);
      return (await api.call<AlertDetailAnswer>('GET', alert)).deliveries;
    } catch (error) {
      // Rows may take a moment to show.
      if (error instanceof AppError && error.code === 'not_found') return [];
      throw error;
    }
  };
  const ended = (all: Delivery[]) =>
    all.length > 0 && all.every((one) => ENDED.includes(one.status));
  return { alertId, deliveries: await pollUntil(io, ask, ended, TEST) };
}

function targetOf(options: SetOptions): ChannelTarget {
  const { email = [], slack = [] } = options;
  const webhook = webhookOf(options);
  const kinds = [email.length > 0, slack.length > 0, webhook !== undefined].filter(Boolean).length;
  if (kinds !== 1 || slack.length > 1) {
    throw invalidInput(
      'A channel leads to one place: --email (several are fine), one --slack, or --webhook with --signing-secret.',
    );
  }
  if (webhook !== undefined) return webhook;
  return email.length > 0
    ? { kind: 'email', to: email }
    : { kind: 'slack', webhookSecret: slack[0]! };
}

function parseTypes(text: string): string[] {
  const types = [...new Set(text.split(',').map((type) => type.trim()))];
  const wrong = types.find((type) => !TYPES.includes(type));
  if (wrong === undefined) return types;
  throw new InvalidArgumentError(
    `${JSON.stringify(wrong)} is no type of alert; there are ${TYPES.join(', ')}.`,
  );
}

function describe(channels: readonly Channel[], width: number | undefined): string {
  const rows = channels.map(({ id, name, target, minSeverity, types }) => [
    id,
    name ?? '',
    target.kind,
    describeTarget(target),
    minSeverity === undefined ? 'all' : `${minSeverity} or worse`,
    types?.join(', ') ?? 'all',
  ]);
  return table(['id', 'name', 'kind', 'to', 'severities', 'types'], rows, { ids: [0], width });
}

function describeTest(
  id: string,
  workspace: string,
  { alertId, deliveries }: { alertId: string; deliveries: readonly Delivery[] },
): string {
  const lines = deliveries.map((delivery) => {
    const { status, lastAt, attempts, detail, nextAttemptAt } = delivery;
    const why = detail === undefined ? '' : `: ${detail}`;
    if (status === 'sent') return `Sent: the test message to ${id} was taken at ${lastAt}.`;
    if (ENDED.includes(status)) return `Not sent (${status})${why}`;
    const next = nextAttemptAt === undefined ? '' : `; tried again at ${nextAttemptAt}`;
    return `Not sent yet (${status}, attempt ${attempts})${why}${next}`;
  });
  if (lines.length === 0) lines.push('Nothing has taken it up yet. Does deliver-alerts run?');
  return [...lines, `See: ax alerts show ${alertId} --workspace ${workspace}`].join('\n');
}
