import { performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { LRUCache } from 'lru-cache';
import type { Logger } from '../logging.ts';
import type { MetricsRecorder } from '../metrics/recorder-contract.ts';
import { type Baseline, baselineOf, limitOf, type Tolerance } from './baseline.ts';
import { agentRunAnomalies } from './metrics.ts';

/** Who runs. */
export type AgentRun = {
  agentId: string;
  workspaceId?: string | undefined;
  agentType?: string;
};

/**
 * What a run took. CPU time, event loop and memory are the process's: other work that went on beside the run is in them.
 * `alone` says that no other profiled run was under way meanwhile.
 */
export type AgentRunUse = {
  wallMs: number;
  cpuMs: number;
  /** Share of the run's time in which the event loop was busy, 0 to 1. */
  loopBusy: number;
  /** May be negative: the collector ran. */
  heapGrowthBytes: number;
  /** Buffers and other memory outside of the heap. */
  externalGrowthBytes: number;
  alone: boolean;
};

/** Something a run took more of than the agent usually does. */
export type AgentRunAnomaly = {
  reason: 'slow' | 'memory';
  value: number;
  limit: number;
  baseline: Baseline;
};

/** `learning`: too few runs are known to say what is usual. */
export type AgentRunVerdict =
  | { kind: 'learning'; runs: number; needed: number }
  | { kind: 'usual' }
  | { kind: 'unusual'; anomalies: AgentRunAnomaly[] };

export type AgentRunProfile = AgentRun & {
  status: 'ok' | 'error';
  use: AgentRunUse;
  verdict: AgentRunVerdict;
};

/** `stats().agents`: those whose history is held just now. */
export type AgentProfiles = {
  /** For callers that cannot hand over a function: the run begins now and ends when what is returned is first called. */
  begin(run: AgentRun): (status: AgentRunProfile['status']) => void;
  /**
   * Runs `fn` and gives back what it gives or throws what it throws, unchanged; takes some 10 µs beside it. The run is
   * compared with the last ones of the same agent of the same workspace.
   */
  profileAgentRun<T>(run: AgentRun, fn: () => Promise<T> | T): Promise<T>;
  stats(): { agents: number; runs: number; unusual: number };
};

type History = { wallMs: number[]; memoryBytes: number[] };

const SLOW: Tolerance = { spreads: 5, share: 0.5, atLeast: 50 };
const MEMORY: Tolerance = { spreads: 5, share: 0.5, atLeast: 16_777_216 };

/**
 * Profiles of agents' runs against the agent's own baseline: the median of its last `historyRuns` runs that ended well.
 * A run is flagged `slow` or `memory` when it lies beyond the median by five spreads, by half of the median, and by 50 ms
 * or 16 MiB; flagged runs are logged and counted in `agent/run_anomalies`. Before `minRuns` runs nothing is flagged.
 *
 * Memory is the process's, so it is learnt and judged only of runs that were alone; time is judged of all. A run that
 * failed is judged but not learnt. The history of the `maxAgents` agents that ran last is held, in memory only.
 */
export function createAgentProfiles(options: {
  metrics: Pick<MetricsRecorder, 'incrementCounter'>;
  log: Pick<Logger, 'warn'>;
  /** Told of every run; must not throw. */
  onProfile?: (profile: AgentRunProfile) => void;
  historyRuns?: number;
  minRuns?: number;
  maxAgents?: number;
  /** Monotonic milliseconds; default `performance.now`. */
  clock?: () => number;
  /** Bytes in use; default what V8 counts. */
  memory?: () => { heap: number; external: number };
}): AgentProfiles {
  const { metrics, log, onProfile, historyRuns = 50, minRuns = 10, maxAgents = 1_000 } = options;
  const { clock = () => performance.now(), memory = memoryOfProcess } = options;
  const histories = new LRUCache<string, History>({ max: maxAgents });
  const underWay = new Set<{ alone: boolean }>();
  let runs = 0;
  let unusual = 0;

  function measure(): (wasAlone: boolean) => AgentRunUse {
    const cpu = process.cpuUsage();
    const loop = performance.eventLoopUtilization();
    const before = memory();
    const startedAt = clock();
    return (alone) => {
      const wallMs = clock() - startedAt;
      const { user, system } = process.cpuUsage(cpu);
      const after = memory();
      return {
        wallMs,
        cpuMs: (user + system) / 1_000,
        loopBusy: performance.eventLoopUtilization(loop).utilization,
        heapGrowthBytes: after.heap - before.heap,
        externalGrowthBytes: after.external - before.external,
        alone,
      };
    };
  }

  function judge(history: History, use: AgentRunUse): AgentRunVerdict {
    const known = history.wallMs.length;
    if (known < minRuns) return { kind: 'learning', runs: known, needed: minRuns };
    const anomalies: AgentRunAnomaly[] = [];
    const compare = (
      reason: AgentRunAnomaly['reason'],
      value: number,
      usual: readonly number[],
      tolerance: Tolerance,
    ) => {
      const baseline = usual.length < minRuns ? undefined : baselineOf(usual);
      if (baseline === undefined) return;
      const limit = limitOf(baseline, tolerance);
      if (value > limit) anomalies.push({ reason, value, limit, baseline });
    };
    compare('slow', use.wallMs, history.wallMs, SLOW);
    if (use.alone) compare('memory', growthOf(use), history.memoryBytes, MEMORY);
    return anomalies.length === 0 ? { kind: 'usual' } : { kind: 'unusual', anomalies };
  }

  function learn(history: History, use: AgentRunUse): void {
    const keep = (values: number[], value: number) => {
      values.push(value);
      if (values.length > historyRuns) values.shift();
    };
    keep(history.wallMs, use.wallMs);
    if (use.alone) keep(history.memoryBytes, growthOf(use));
  }

  function conclude(run: AgentRun, status: AgentRunProfile['status'], use: AgentRunUse): void {
    const key = JSON.stringify([run.workspaceId, run.agentId]);
    const history = histories.get(key) ?? { wallMs: [], memoryBytes: [] };
    const verdict = judge(history, use);
    if (status === 'ok') learn(history, use);
    histories.set(key, history);
    runs += 1;
    if (verdict.kind === 'unusual') {
      unusual += 1;
      for (const { reason } of verdict.anomalies) {
        metrics.incrementCounter(agentRunAnomalies, 1, { agent_type: run.agentType, reason });
      }
      log.warn('agent run took more than usual', { ...run, status, ...verdict, use });
    }
    onProfile?.({ ...run, status, use, verdict });
  }

  function begin(run: AgentRun): (status: AgentRunProfile['status']) => void {
    const presence = { alone: underWay.size === 0 };
    for (const other of underWay) other.alone = false;
    underWay.add(presence);
    const end = measure();
    return (status) => {
      if (!underWay.delete(presence)) return;
      conclude(run, status, end(presence.alone));
    };
  }

  return {
    begin,
    async profileAgentRun(run, fn) {
      const finish = begin(run);
      let result: Awaited<ReturnType<typeof fn>>;
      try {
        result = await fn();
      } catch (error) {
        finish('error');
        throw error;
      }
      finish('ok');
      return result;
    },
    stats: () => ({ agents: histories.size, runs, unusual }),
  };
}

/** What a run left behind in memory; where the collector freed more, nothing. */
function growthOf({ heapGrowthBytes, externalGrowthBytes }: AgentRunUse): number {
  return Math.max(0, heapGrowthBytes + externalGrowthBytes);
}

function memoryOfProcess(): { heap: number; external: number } {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return { heap: used_heap_size, external: external_memory };
}
