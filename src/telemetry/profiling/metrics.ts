import { defineMetric } from '../metrics/definition.ts';

/** Runs of agents that took more than is usual for the agent. */
export const agentRunAnomalies = defineMetric({
  name: 'agent/run_anomalies',
  kind: 'counter',
  valueType: 'int',
  unit: '{run}',
  description:
    'Runs of agents that took more than is usual for the agent, by what they took more of.',
  labels: ['agent_type', 'reason'],
});
