// Not by name: a Node too old to have parseArgs must get as far as being told so.
import util from 'node:util';

export const DEFAULT_PORT_BASE = 8400;

/** How far the highest port of a local cloud lies above its base. */
export const PORT_SPAN = 73;

export const START_USAGE = `Usage: npm start -- [options]

Runs the whole of AgentWorks Observability on this machine until Ctrl-C.

Options:
  --port-base N    first of the ports to use, default ${DEFAULT_PORT_BASE}: the API listens on N, all others within N + ${PORT_SPAN}
  --no-workload    do not feed the demo workspaces with synthetic traffic
  --state-dir DIR  where logs, the ledger, received mail and endpoints.json go, default .local
  --help           show this text

Examples:
  npm start
  npm start -- --no-workload
  npm start -- --port-base 9400      a second copy beside the first
`;

/**
 * Parses the arguments of `npm start`. Returns `{kind: 'run', options}`, `{kind: 'help'}` or
 * `{kind: 'invalid', reason}`. Plain JavaScript, because it runs before anything is installed.
 */
export function parseStartOptions(argv) {
  let values;
  try {
    ({ values } = util.parseArgs({
      args: argv,
      options: {
        help: { type: 'boolean', short: 'h' },
        'no-workload': { type: 'boolean' },
        'port-base': { type: 'string' },
        'state-dir': { type: 'string' },
      },
    }));
  } catch (error) {
    return { kind: 'invalid', reason: error.message.split('. ')[0] };
  }
  if (values.help) return { kind: 'help' };
  const text = values['port-base'] ?? String(DEFAULT_PORT_BASE);
  const portBase = Number(text);
  const highest = 65535 - PORT_SPAN;
  if (!/^\d{1,5}$/.test(text) || portBase < 1024 || portBase > highest) {
    return {
      kind: 'invalid',
      reason: `--port-base must be a number from 1024 to ${highest}, not '${text}'`,
    };
  }
  return {
    kind: 'run',
    options: {
      portBase,
      workload: values['no-workload'] !== true,
      stateDir: values['state-dir'] ?? '.local',
    },
  };
}
