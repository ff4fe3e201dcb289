import type { NanoUsd } from '../core/money.ts';
import type { MetricsRecorder } from '../telemetry/metrics/recorder-contract.ts';
import type { Answer, LlmCall } from './calls.ts';
import type { RunTotals } from './scope.ts';

type Ended = { status: 'ok' | 'error'; durationMs: number };

/** Records a model call that has ended. */
export function measureModelCall(
  _metrics: MetricsRecorder,
  _measured: {
    call: LlmCall;
    answer: Answer;
    status: 'ok' | 'error';
    errorType: string | undefined;
    latencyMs: number;
    costNanoUsd: NanoUsd | undefined;
    timeToFirstChunkMs: number | undefined;
  },
): void {}

export function measureAgentRun(
  _metrics: MetricsRecorder,
  _measured: Ended & { totals: RunTotals },
): void {}

export function measureTeamRun(
  _metrics: MetricsRecorder,
  _measured: Ended & { agents: number | undefined },
): void {}

export function measureToolCall(
  _metrics: MetricsRecorder,
  _measured: Ended & { tool: string },
): void {}
