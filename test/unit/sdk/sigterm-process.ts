/* Flushes at SIGTERM; with the argument `listens` it also has a listener of its own. */
import { flushAtSigterm } from '../../../src/sdk/sigterm.ts';

flushAtSigterm(async () => {
  await new Promise((resolve) => setImmediate(resolve));
  process.stdout.write('flushed\n');
});
if (process.argv[2] === 'listens') {
  process.on('SIGTERM', () => {
    process.stdout.write('draining\n');
    process.stdin.once('data', () => process.exit(7));
  });
}
process.stdin.resume();
process.stdout.write('ready\n');
