import { COST_NANO_USD, kpi, NANO_USD, WORK_MS } from './kpi.ts';

/** Calls of models. */
export const LLM_KPI = {
  llmRequests: kpi({
    name: 'llm/requests',
    kind: 'counter',
    valueType: 'int',
    unit: '{request}',
    description: 'Calls of models that have ended.',
    labels: ['provider', 'model', 'operation', 'status'],
  }),
  llmErrors: kpi({
    name: 'llm/errors',
    kind: 'counter',
    valueType: 'int',
    unit: '{error}',
    description: 'Calls of models that failed.',
    labels: ['provider', 'model', 'operation', 'error_type'],
  }),
  llmDuration: kpi({
    name: 'llm/duration',
    kind: 'histogram',
    valueType: 'double',
    unit: 'ms',
    description: 'Time from asking a model to the end of its answer.',
    labels: ['provider', 'model', 'operation', 'status'],
    boundaries: WORK_MS,
  }),
  llmTimeToFirstToken: kpi({
    name: 'llm/time_to_first_token',
    kind: 'histogram',
    valueType: 'double',
    unit: 'ms',
    description: 'Time from asking a model to the first piece of its streamed answer.',
    labels: ['provider', 'model', 'operation'],
    boundaries: WORK_MS,
  }),
  llmTokens: kpi({
    name: 'llm/tokens',
    kind: 'counter',
    valueType: 'int',
    unit: '{token}',
    description:
      'Tokens by type; input includes cache_read and cache_write, output includes reasoning, so these do not add up.',
    labels: ['provider', 'model', 'token_type'],
  }),
  llmCost: kpi({
    name: 'llm/cost',
    kind: 'counter',
    valueType: 'int',
    unit: NANO_USD,
    description: 'Cost of calls of models, as far as they have a price.',
    labels: ['provider', 'model'],
  }),
  llmRequestCost: kpi({
    name: 'llm/request_cost',
    kind: 'histogram',
    valueType: 'int',
    unit: NANO_USD,
    description: 'Cost of a call of a model that has a price.',
    labels: ['provider', 'model'],
    boundaries: COST_NANO_USD,
  }),
  llmUnpricedRequests: kpi({
    name: 'llm/unpriced_requests',
    kind: 'counter',
    valueType: 'int',
    unit: '{request}',
    description: 'Calls of models whose cost could not be told.',
    labels: ['provider', 'model'],
  }),
};
