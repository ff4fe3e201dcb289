import type { ChildSpec } from '../../local/supervisor/child.ts';
import { tcpProbe } from '../../local/supervisor/probes.ts';

/**
 * A small real process to supervise: listens on `port`, and on SIGTERM says so on stdout and ends after `drainMs`
 * (never, when that is `'ignores'`).
 */
export function standIn(options: {
  name: string;
  port: number;
  onTerm?: number | 'ignores';
}): ChildSpec {
  const { name, port, onTerm = 0 } = options;
  const program = `
    require('node:net').createServer((socket) => socket.end()).listen(${port}, '127.0.0.1');
    console.log(JSON.stringify({ message: 'listening' }));
    process.on('SIGTERM', () => {
      console.log('told to stop');
      ${onTerm === 'ignores' ? '' : `setTimeout(() => process.exit(0), ${onTerm});`}
    });`;
  return {
    name,
    command: process.execPath,
    args: ['-e', program],
    env: {},
    isReady: tcpProbe(port),
    drainMs: 1_000,
  };
}
