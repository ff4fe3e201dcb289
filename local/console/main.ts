import { parseArgs } from 'node:util';
import { createWarehouse } from '../../src/cloud/bigquery.ts';
import { createLogWarehouse } from '../logging/warehouse.ts';
import { createConsole } from './console.ts';
import { createTraceCosts } from './trace-costs.ts';

// The local console as a process of its own:
// main.ts --port N --monitoring-port N --logging-port N --otlp-port N --project P --bigquery URL --dataset D
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8473' },
    'monitoring-port': { type: 'string', default: '8470' },
    'logging-port': { type: 'string', default: '8471' },
    'otlp-port': { type: 'string', default: '8472' },
    project: { type: 'string', default: 'agentworks-local' },
    bigquery: { type: 'string', default: 'http://127.0.0.1:8430' },
    dataset: { type: 'string', default: 'agentworks_observability' },
  },
});

const bigquery = {
  projectId: values.project,
  dataset: values.dataset,
  apiEndpoint: values.bigquery,
};
const logWarehouse = createLogWarehouse(bigquery);
const theConsole = createConsole({
  projectId: values.project,
  port: Number(values.port),
  monitoringPort: Number(values['monitoring-port']),
  loggingPort: Number(values['logging-port']),
  otlpPort: Number(values['otlp-port']),
  traceCost: createTraceCosts(createWarehouse(bigquery)),
  logSink: logWarehouse,
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void theConsole
      .close()
      .then(() => logWarehouse.close())
      .then(() => process.exit(0));
  });
}

await theConsole.start();
process.stdout.write(`${JSON.stringify({ ready: true, ...theConsole.addresses })}\n`);
