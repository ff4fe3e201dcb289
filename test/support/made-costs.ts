import { HOUR_MS } from '../../src/core/time.ts';
import { chance } from '../unit/costs/forecast/series.ts';
import type { HourlyCost } from './analysis-world.ts';

const AGENTS = ['support-bot', 'researcher', 'summarizer', 'triage'];
const MODELS = ['large', 'small'];
const NANO_USD = 1_000_000_000;

/**
 * What `tenants` workspaces (`tenant-1` and so on) spent in each hour of `days` days, by a chance that is the same every time:
 * each has some agents with one or two models, its own size, hours and weekends, and noise of its own. `change` makes something
 * else of an amount (USD).
 */
export function madeCosts(options: {
  tenants: number;
  startMs: number;
  days: number;
  seed: number;
  change?: (cost: Omit<HourlyCost, 'costNanoUsd'>, usd: number) => number;
}): HourlyCost[] {
  const { tenants, startMs, days, seed, change = (_cost, usd) => usd } = options;
  const costs: HourlyCost[] = [];
  for (let tenant = 1; tenant <= tenants; tenant += 1) {
    const { uniform, normal } = chance(seed * 1_000 + tenant);
    const workspaceId = `tenant-${tenant}`;
    const usdAnHour = 8 * Math.exp(0.8 * normal());
    const peakHour = 8 + 10 * uniform();
    const swing = 0.3 + 0.5 * uniform();
    const weekend = 0.3 + 0.7 * uniform();
    const agents = 1 + Math.floor(uniform() * AGENTS.length);
    for (const agent of AGENTS.slice(0, agents)) {
      for (const model of MODELS.slice(0, uniform() < 0.5 ? 1 : 2)) {
        const share = (0.5 + uniform()) / agents;
        const noise = 0.08 + 0.2 * uniform();
        for (let at = 0; at < days * 24; at += 1) {
          const hourMs = startMs + at * HOUR_MS;
          const angle = (2 * Math.PI * ((at % 24) - peakHour)) / 24;
          const isWeekend = [0, 6].includes(new Date(hourMs).getUTCDay());
          const level =
            usdAnHour * share * (1 + swing * Math.cos(angle)) * (isWeekend ? weekend : 1);
          const cost = { workspaceId, provider: 'openai', model, agent, hourMs };
          const usd = change(cost, level * Math.exp(noise * normal()));
          costs.push({ ...cost, costNanoUsd: BigInt(Math.round(usd * NANO_USD)) });
        }
      }
    }
  }
  return costs;
}
