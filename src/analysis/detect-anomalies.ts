import { errorMessage } from '../core/errors.ts';
import { DAY_MS, HOUR_MS } from '../core/time.ts';
import type { Settings } from '../settings/settings.ts';
import type { Asks } from './anomalies/detect.ts';
import { createCostJudge } from './anomalies/judge-costs.ts';
import { createSeriesJudge } from './anomalies/judge-series.ts';
import { detectLogVolumeAnomalies } from './anomalies/log-volume-anomalies.ts';
import { detectMetricAnomalies } from './anomalies/metric-anomalies.ts';
import type { Findings } from './findings/findings.ts';
import { type Analysis, runAnalysis } from './run-analysis.ts';
import type { RunReport, Runs } from './runs.ts';
import { listSensitivities } from './sensitivity.ts';

/** How each analysis of a run ended, by its job. */
export type DetectionReport = Record<string, RunReport | { kind: 'failed'; reason: string }>;

export type AnomalyDetection = ReturnType<typeof createAnomalyDetection>;

/** A missed run is caught up with for so long: what is older is no news. */
const CATCH_UP_MS = 2 * DAY_MS;
/** Events come this late now and then: their hours are judged again, which tells nothing twice. */
const REJUDGE_MS = 2 * HOUR_MS;

/** The anomalies of costs, log volumes and metrics, each a run of its own: one that fails stops no other. */
export function createAnomalyDetection(options: {
  warehouse: Asks;
  settings: Pick<Settings, 'scopes' | 'get'>;
  runs: Runs;
  findings: Pick<Findings, 'during' | 'settle'>;
  /** In which findings about the platform itself are raised. */
  operationsWorkspace: string;
  /** Told of an analysis that failed. */
  onFailed: (job: string, error: unknown) => void;
}) {
  const { warehouse, settings, operationsWorkspace, onFailed } = options;
  const sensitivities = () => listSensitivities(settings);
  const hourly = { everyMs: HOUR_MS, catchUpMs: CATCH_UP_MS, rejudgeMs: REJUDGE_MS };
  const analyses: Analysis[] = [
    {
      ...hourly,
      job: 'cost-anomalies',
      kinds: ['cost_anomaly'],
      judge: createCostJudge({ warehouse, sensitivities }),
    },
    {
      ...hourly,
      job: 'log-volume-anomalies',
      kinds: ['log_volume_anomaly'],
      judge: createSeriesJudge(async (request) => {
        const { defaults, workspaces } = await sensitivities();
        const { sensitivity } = workspaces.get(operationsWorkspace) ?? defaults;
        return detectLogVolumeAnomalies(warehouse, {
          ...request,
          workspaceId: operationsWorkspace,
          sensitivity,
        });
      }),
    },
    {
      ...hourly,
      job: 'metric-anomalies',
      kinds: ['metric_anomaly'],
      judge: createSeriesJudge(async (request) => {
        const { defaults, workspaces } = await sensitivities();
        return detectMetricAnomalies(warehouse, {
          ...request,
          sensitivity: defaults.sensitivity,
          sensitivities: new Map([...workspaces].map(([id, own]) => [id, own.sensitivity])),
        });
      }),
    },
  ];

  return {
    /** Runs every analysis once, one after the other; never rejects: what failed is in the report. */
    async run(): Promise<DetectionReport> {
      const report: DetectionReport = {};
      for (const analysis of analyses) {
        try {
          report[analysis.job] = await runAnalysis(options, analysis);
        } catch (error) {
          onFailed(analysis.job, error);
          report[analysis.job] = { kind: 'failed', reason: errorMessage(error) };
        }
      }
      return report;
    },
  };
}
