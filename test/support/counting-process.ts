/*
 * Increments a counter a million times, in steps spread over `--seconds`, with telemetry as the environment says, and closes
 * it when told so.
 */

import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startTelemetry } from '../../src/sdk/start.ts';
import { defineMetric } from '../../src/telemetry/metrics/definition.ts';

const { values } = parseArgs({
  options: { increments: { type: 'string' }, seconds: { type: 'string' } },
});
const increments = Number(values.increments);
const steps = Number(values.seconds) * 10;
const telemetry = startTelemetry({ service: 'counting', onSigterm: 'none' });
const counter = defineMetric({
  name: 'test/increments',
  kind: 'counter',
  valueType: 'int',
  unit: '{increment}',
  description: 'Increments of a test.',
  labels: ['parity'],
});
for (let i = 0, step = 1; step <= steps; step++) {
  for (; i < (increments / steps) * step; i++) {
    telemetry.metrics.incrementCounter(counter, 1, { parity: i % 2 });
  }
  await pause(100);
}
await telemetry.close();
process.stdout.write(`${JSON.stringify(telemetry.stats().metrics)}\n`);
process.exit(0);
