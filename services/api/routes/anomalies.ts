import { Type } from 'typebox';
import { FINDING_KINDS, type FindingState } from '../../../src/analysis/findings/finding.ts';
import type { Findings } from '../../../src/analysis/findings/findings.ts';
import { formatUsd } from '../../../src/core/money.ts';
import { DAY_MS, formatInstant } from '../../../src/core/time.ts';
import { SeveritySchema } from '../../../src/settings/kinds.ts';
import { type ApiApp, WorkspaceParams } from '../app.ts';
import { errorResponses } from '../errors.ts';
import { parsePeriod } from '../period.ts';

/** Patterns of errors are findings too, and have a route of their own. */
const KINDS = FINDING_KINDS.filter((kind) => kind !== 'error_pattern');

const DEFAULT_DAYS = 30;
const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;

const Instant = Type.String({ description: 'RFC 3339, UTC' });
const at = (description: string) => Type.Optional(Type.String({ description }));

const AnomalySchema = Type.Object({
  id: Type.String({ description: 'That of its alert, too.' }),
  kind: Type.String({ description: KINDS.join(', ') }),
  status: Type.String({ description: 'open or closed' }),
  since: Instant,
  until: Type.Optional(Instant),
  severity: Type.String({ description: 'low, medium, high or critical' }),
  title: Type.String(),
  sentence: Type.String({ description: 'What happened, in one English sentence.' }),
  impactUsd: Type.Optional(
    Type.String({
      description: 'USD, an exact decimal: by how much costs changed, negative where they fell.',
    }),
  ),
  score: Type.Optional(Type.Number({ description: 'In multiples of what alarms.' })),
  details: Type.Object(
    {},
    {
      additionalProperties: true,
      description: 'What was expected, what explains it and, once closed, the reason.',
    },
  ),
  recordedAt: Instant,
});

/** What was outside everything seen before: costs, log volumes, error rates, latencies and business metrics. */
export function registerAnomalyRoutes(
  app: ApiApp,
  { findings, now }: { findings: Pick<Findings, 'list'>; now: () => number },
): void {
  app.get(
    '/v1/workspaces/:workspaceId/anomalies',
    {
      config: { access: { kind: 'workspace', role: 'read' } },
      schema: {
        summary: 'Anomalies that were there at some time of the period, newest first',
        tags: ['analysis'],
        params: WorkspaceParams,
        querystring: Type.Object(
          {
            from: at(
              `First instant, RFC 3339 with a zone; absent: ${DEFAULT_DAYS} days before to.`,
            ),
            to: at('First instant after the period; absent: now.'),
            kind: Type.Optional(Type.Enum(KINDS)),
            status: Type.Optional(Type.Enum(['open', 'closed'], { description: 'As it is now.' })),
            severity: Type.Optional(SeveritySchema),
            limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_LIMIT })),
          },
          { additionalProperties: false },
        ),
        response: {
          200: Type.Object({
            workspaceId: Type.String(),
            from: Instant,
            to: Instant,
            anomalies: Type.Array(AnomalySchema),
          }),
          ...errorResponses,
        },
      },
    },
    async (request) => {
      const { workspaceId } = request.params;
      const { kind, status, severity, limit = DEFAULT_LIMIT, ...bounds } = request.query;
      const period = parsePeriod(bounds);
      // One that began this very instant is there now.
      const toMs = period.to ?? now() + 1;
      const fromMs = period.from ?? toMs - DEFAULT_DAYS * DAY_MS;
      const kinds = kind === undefined ? KINDS : [kind];
      const asked = { workspaceId, kinds, fromMs, toMs, status, severity, limit };
      const found = await findings.list(asked);
      return {
        workspaceId,
        from: formatInstant(fromMs),
        to: formatInstant(toMs),
        anomalies: found.toReversed().map(toJson),
      };
    },
  );
}

function toJson(finding: FindingState) {
  const { id, kind, status, sinceMs, untilMs, severity, title, sentence, recordedAtMs } = finding;
  const { impactNanoUsd, score, details } = finding;
  return {
    ...{ id, kind, status, severity, title, sentence, details },
    since: formatInstant(sinceMs),
    ...(untilMs !== undefined && { until: formatInstant(untilMs) }),
    ...(impactNanoUsd !== undefined && { impactUsd: formatUsd(impactNanoUsd) }),
    ...(score !== undefined && { score }),
    recordedAt: formatInstant(recordedAtMs),
  };
}
