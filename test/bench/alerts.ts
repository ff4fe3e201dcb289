import { setTimeout as delay } from 'node:timers/promises';
import { startLocalCloud } from '../e2e/local-cloud.ts';
import { eventually } from '../e2e/waiting.ts';

const WORKSPACES = 20;
const LIMIT_USD = '5';
const THRESHOLDS = [50, 75, 90, 100];
/** What brings spend from one threshold onto the next, in USD. */
const STEPS_USD = ['2.5', '1.25', '0.75', '0.5'];
/** Other tenants' events meanwhile, per second. */
const BACKGROUND_PER_SECOND = 50;
const DELIVERY_TIMEOUT_MS = 30_000;

export type AlertFigures = {
  /** From the acknowledgement of the event that crosses to the last of mail and Slack message, as received. */
  p50Ms: number;
  p95Ms: number;
  maxMs: number;
  samples: number;
  /** The same to the first of the two. */
  firstP95Ms: number;
};

type Message = { kind: string; receivedAt: string; to?: string[]; text?: string };

/**
 * How long after a cost event was accepted its alert is in the inbox and in Slack: a whole local cloud, every process
 * and wire protocol of it, with other tenants' traffic beside it.
 */
export async function benchAlerts(say: (line: string) => void): Promise<AlertFigures> {
  const cloud = await startLocalCloud({ args: ['--no-workload'] });
  const stop = new AbortController();
  try {
    const { api, apiKey, inbox } = cloud.endpoints;
    const call = async (method: string, path: string, body: unknown): Promise<void> => {
      const response = await fetch(api + path, {
        method,
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (!response.ok)
        throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    };
    const spend = (workspaceId: string, id: string, costUsd: string) =>
      call('POST', '/v1/cost-events', { events: [costEvent(workspaceId, id, costUsd)] });
    const messagesOf = async (workspaceId: string): Promise<Message[]> => {
      const response = await fetch(`${inbox}/messages.json`);
      const { messages } = (await response.json()) as { messages: Message[] };
      return messages.filter(
        ({ to = [], text = '' }) =>
          to.includes(addressOf(workspaceId)) || (to.length === 0 && text.includes(workspaceId)),
      );
    };

    const workspaces = Array.from(
      { length: WORKSPACES },
      (_, i) => `bench-${String(i).padStart(2, '0')}`,
    );
    say(`alerts: ${WORKSPACES} workspaces with a budget, ${THRESHOLDS.length} thresholds each`);
    for (const workspaceId of workspaces) {
      const path = `/v1/workspaces/${workspaceId}`;
      await call('PUT', `${path}/channels/mail`, {
        target: { kind: 'email', to: [addressOf(workspaceId)] },
      });
      await call('PUT', `${path}/channels/slack`, {
        target: { kind: 'slack', webhookSecret: 'SLACK_WEBHOOK' },
      });
      await call('PUT', `${path}/budgets/monthly`, {
        period: { every: 'month' },
        limitUsd: LIMIT_USD,
        thresholdsPercent: THRESHOLDS,
      });
    }
    const background = trickle(stop.signal, spend);

    const first: number[] = [];
    const both: number[] = [];
    for (const [step, costUsd] of STEPS_USD.entries()) {
      say(`  ${THRESHOLDS[step]} %`);
      for (const workspaceId of workspaces) {
        await spend(workspaceId, `step-${step}`, costUsd);
        const acknowledgedMs = Date.now();
        const expected = 2 * (step + 1);
        const messages = await eventually(
          async () => {
            const all = await messagesOf(workspaceId);
            return all.length >= expected && all;
          },
          { timeoutMs: DELIVERY_TIMEOUT_MS, what: `${expected} messages of ${workspaceId}` },
        );
        const latencies = messages
          .slice(-2)
          .map(({ receivedAt }) => Math.max(0, Date.parse(receivedAt) - acknowledgedMs));
        first.push(Math.min(...latencies));
        both.push(Math.max(...latencies));
      }
    }
    stop.abort();
    await background;
    return {
      p50Ms: percentile(both, 0.5),
      p95Ms: percentile(both, 0.95),
      maxMs: Math.max(...both),
      samples: both.length,
      firstP95Ms: percentile(first, 0.95),
    };
  } finally {
    stop.abort();
    await cloud.stop();
  }
}

/** Events of tenants without budgets until told to stop. */
async function trickle(
  signal: AbortSignal,
  spend: (workspaceId: string, id: string, costUsd: string) => Promise<void>,
): Promise<void> {
  for (let i = 0; !signal.aborted; i++) {
    await spend(`others-${i % 10}`, `background-${i}`, '0.01');
    await delay(1_000 / BACKGROUND_PER_SECOND);
  }
}

function costEvent(workspaceId: string, id: string, costUsd: string) {
  return {
    id,
    workspaceId,
    timestamp: new Date().toISOString(),
    resourceType: 'llm_api',
    resourceId: 'chat.completions',
    provider: 'openai',
    model: 'gpt-4o',
    costUsd,
    currency: 'USD',
  };
}

function addressOf(workspaceId: string): string {
  return `owner@${workspaceId}.example`;
}

/** Nearest rank. */
function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}
