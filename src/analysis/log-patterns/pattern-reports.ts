import type { QueryRequest, Warehouse } from '../../cloud/bigquery.ts';
import { DAY_MS } from '../../core/time.ts';
import type { Settings } from '../../settings/settings.ts';
import { listKnownCauses } from './causes-in-force.ts';
import { type ErrorPattern, findErrorPatterns, type PatternPeriod } from './error-patterns.ts';

/** What a period is compared with. */
const BEFORE_MS = 7 * DAY_MS;
/** 20 GiB: whoever may read a workspace may ask, and asks again for other times. */
const MAXIMUM_BYTES_BILLED = String(20 * 2 ** 30);

/** The errors of a period, and what they were compared with. */
export type PatternReport = { period: PatternPeriod; patterns: ErrorPattern[] };

export type PatternReports = ReturnType<typeof createPatternReports>;

/** Errors by template, on demand. */
export function createPatternReports({
  warehouse,
  settings,
  operationsWorkspace,
}: {
  warehouse: Pick<Warehouse, 'query'>;
  settings: Pick<Settings, 'list'>;
  operationsWorkspace: string;
}) {
  const bounded: Pick<Warehouse, 'query'> = {
    query: <Row>(request: QueryRequest) =>
      warehouse.query<Row>({ ...request, maximumBytesBilled: MAXIMUM_BYTES_BILLED }),
  };

  return {
    /**
     * The errors of one workspace from `fromMs` to `toMs` (epoch ms, half open), compared with the seven days before; made of its
     * own log entries and of nothing else. Those of the operations workspace are the platform's, of all workspaces together.
     * Reads only, and at most 20 GiB. Throws `warehouse_failed`, also where it were more.
     */
    async of(workspaceId: string, { fromMs, toMs }: { fromMs: number; toMs: number }) {
      const period = { fromMs: fromMs - BEFORE_MS, sinceMs: fromMs, toMs };
      const scope = workspaceId === operationsWorkspace ? '' : workspaceId;
      const causes = await listKnownCauses(settings);
      const patterns = await findErrorPatterns(bounded, period, causes, scope);
      return { period, patterns } satisfies PatternReport;
    },
  };
}
