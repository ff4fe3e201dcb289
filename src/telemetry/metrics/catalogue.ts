import { AGENT_KPI } from './catalogue/agents.ts';
import { BUSINESS_KPI } from './catalogue/business.ts';
import { HTTP_KPI } from './catalogue/http.ts';
import { LLM_KPI } from './catalogue/llm.ts';
import { PLATFORM_KPI } from './catalogue/platform.ts';

/**
 * Every metric the platform knows, by its name in code. Rates are gauges that the platform computes; the counters they are
 * computed from are here too. Money is in whole nano-USD.
 */
export const KPI = { ...HTTP_KPI, ...AGENT_KPI, ...LLM_KPI, ...PLATFORM_KPI, ...BUSINESS_KPI };
