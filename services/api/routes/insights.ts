import { Type } from 'typebox';
import {
  completeInsightPeriod,
  type Insights,
  MAX_PERIOD_DAYS,
} from '../../../src/analysis/insights/insights.ts';
import type { FieldError } from '../../../src/core/errors.ts';
import { createRemembered } from '../../../src/core/remembered.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../src/core/time.ts';
import { type ApiApp, WorkspaceParams } from '../app.ts';
import { errorResponses, invalidArgument } from '../errors.ts';
import { parsePeriod } from '../period.ts';
import { InsightsSchema } from './insight-schemas.ts';

/** Each report is six queries. */
const REMEMBERED_MS = 5 * MINUTE_MS;
/** About 20 KB each. */
const MAX_REMEMBERED = 500;

const hour = (description: string) => Type.Optional(Type.String({ description }));

/** What changed in a workspace's costs and why, and what would save. */
export function registerInsightRoutes(
  app: ApiApp,
  { insights, now }: { insights: Pick<Insights, 'reports'>; now: () => number },
): void {
  const remembered = createRemembered<Awaited<ReturnType<Insights['reports']>>>({
    forMs: REMEMBERED_MS,
    max: MAX_REMEMBERED,
    now,
  });

  app.get(
    '/v1/workspaces/:workspaceId/insights',
    {
      config: { access: { kind: 'workspace', role: 'read' } },
      schema: {
        summary: 'What changed and why, and what would save; by default of the last seven days',
        tags: ['analysis'],
        params: WorkspaceParams,
        querystring: Type.Object(
          {
            from: hour('First hour, RFC 3339 with a zone; absent: seven days before to.'),
            to: hour('First hour after the period; absent: the present hour.'),
          },
          { additionalProperties: false },
        ),
        response: { 200: InsightsSchema, ...errorResponses },
      },
    },
    async (request) => {
      const { workspaceId } = request.params;
      const period = insightPeriod(request.query, now());
      const key = JSON.stringify([workspaceId, period]);
      const [report] = await remembered(key, () => insights.reports([workspaceId], period));
      return report!;
    },
  );
}

function insightPeriod(query: { from?: string; to?: string }, nowMs: number) {
  const { from, to } = parsePeriod(query);
  const details: FieldError[] = [];
  for (const [field, ms] of Object.entries({ from, to })) {
    if (ms !== undefined && ms % HOUR_MS !== 0) {
      details.push({ field, reason: 'must be the start of an hour' });
    }
  }
  if (to !== undefined && to > nowMs) {
    details.push({ field: 'to', reason: 'must not lie in the future' });
  }
  const period = completeInsightPeriod({ fromMs: from, toMs: to }, nowMs);
  if (period.toMs <= period.fromMs) {
    details.push({ field: 'from', reason: 'must lie in the past' });
  } else if (period.toMs - period.fromMs > MAX_PERIOD_DAYS * DAY_MS) {
    details.push({ field: 'from', reason: `must lie at most ${MAX_PERIOD_DAYS} days before to` });
  }
  if (details.length > 0) throw invalidArgument('The period is not valid.', details);
  return period;
}
