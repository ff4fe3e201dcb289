// Not by name: a Node too old to have parseArgs must get as far as being told so.
import util from 'node:util';

export const DEFAULT_PORT_BASE = 8400;
export const DEFAULT_STATE_DIR = '.local';

/** How far the highest port of a local cloud lies above its base. */
export const PORT_SPAN = 73;

export const DEFAULT_WORKLOAD_RATE = 4;
const MAX_WORKLOAD_RATE = 1000;
const MAX_WORKLOAD_INSTANCES = 20;

export const START_USAGE = `Usage: npm start -- [options]

Runs the whole of AgentWorks Observability on this machine until Ctrl-C.

Options:
  --port-base N    first of the ports to use, default ${DEFAULT_PORT_BASE}: the API listens on N, all others within N + ${PORT_SPAN}
  --no-workload    do not feed the demo workspaces with synthetic traffic
  --workload-rate N
                   requests a second that the demo agents get, default ${DEFAULT_WORKLOAD_RATE}
  --workload-instances N
                   processes that the demo agents run in, default 1
  --state-dir DIR  where logs, the ledger, received mail and endpoints.json go, default ${DEFAULT_STATE_DIR}
  --help           show this text

Examples:
  npm start
  npm start -- --no-workload
  npm start -- --workload-rate 50 --workload-instances 3
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
        'workload-rate': { type: 'string' },
        'workload-instances': { type: 'string' },
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
  const rateText = values['workload-rate'] ?? String(DEFAULT_WORKLOAD_RATE);
  const rate = Number(rateText);
  if (!/^\d{1,4}(\.\d{1,3})?$/.test(rateText) || rate <= 0 || rate > MAX_WORKLOAD_RATE) {
    const reason = `--workload-rate must be above 0 and at most ${MAX_WORKLOAD_RATE}, not '${rateText}'`;
    return { kind: 'invalid', reason };
  }
  const instancesText = values['workload-instances'] ?? '1';
  const instances = Number(instancesText);
  if (!/^\d{1,2}$/.test(instancesText) || instances < 1 || instances > MAX_WORKLOAD_INSTANCES) {
    const reason = `--workload-instances must be a number from 1 to ${MAX_WORKLOAD_INSTANCES}, not '${instancesText}'`;
    return { kind: 'invalid', reason };
  }
  return {
    kind: 'run',
    options: {
      portBase,
      workload: values['no-workload'] === true ? undefined : { rate, instances },
      stateDir: values['state-dir'] ?? DEFAULT_STATE_DIR,
    },
  };
}
