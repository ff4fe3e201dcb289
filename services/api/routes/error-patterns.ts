import { Type } from 'typebox';
import type { ErrorPattern } from '../../../src/analysis/log-patterns/error-patterns.ts';
import type {
  PatternReport,
  PatternReports,
} from '../../../src/analysis/log-patterns/pattern-reports.ts';
import type { FieldError } from '../../../src/core/errors.ts';
import { createRemembered } from '../../../src/core/remembered.ts';
import { DAY_MS, formatInstant, MINUTE_MS } from '../../../src/core/time.ts';
import { type ApiApp, WorkspaceParams } from '../app.ts';
import { errorResponses, invalidArgument } from '../errors.ts';
import { parsePeriod } from '../period.ts';

/** What is looked at unless asked, and at most: errors are few, their templates are found anew each time. */
const DEFAULT_DAYS = 1;
const MAX_DAYS = 7;
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;
/** Each answer is a scan of up to two weeks of logs. */
const REMEMBERED_MS = 5 * MINUTE_MS;
/** Some KB for each template. */
const MAX_REMEMBERED = 50;

const Instant = Type.String({ description: 'RFC 3339, UTC' });
const at = (description: string) => Type.Optional(Type.String({ description }));
const names = (what: string) =>
  Type.Array(Type.String(), { description: `${what}, at most 20, in alphabetical order` });

const PatternSchema = Type.Object({
  id: Type.String({ description: 'Of the template: equal templates have equal ids.' }),
  template: Type.String({ description: 'The message with <*> for what varies.' }),
  severity: Type.String({ description: 'The worst: ERROR, CRITICAL, ALERT or EMERGENCY' }),
  trend: Type.String({
    description:
      'new (none in the seven days before), rising (at least twice as many, and by three standard deviations) or steady',
  }),
  count: Type.Integer({ description: 'In the period.' }),
  countBefore: Type.Integer({ description: 'In the seven days before it.' }),
  expected: Type.Number({ description: 'countBefore in proportion to the lengths of the two.' }),
  firstSeen: Instant,
  lastSeen: Instant,
  services: names('Services'),
  versions: names('Versions'),
  workspaces: names('Workspaces'),
  workspaceCount: Type.Integer(),
  sample: Type.String({
    description: 'The latest message of the worst, at most 2,000 characters.',
  }),
  sampleTrace: Type.Optional(Type.String()),
  suggestion: Type.Optional(
    Type.Object({ causeId: Type.String(), cause: Type.String(), fix: Type.String() }),
  ),
});

/** The errors of a workspace by template. */
export function registerErrorPatternRoutes(
  app: ApiApp,
  { errorPatterns, now }: { errorPatterns: Pick<PatternReports, 'of'>; now: () => number },
): void {
  const remembered = createRemembered<PatternReport>({
    forMs: REMEMBERED_MS,
    max: MAX_REMEMBERED,
    now,
  });

  app.get(
    '/v1/workspaces/:workspaceId/error-patterns',
    {
      config: { access: { kind: 'workspace', role: 'read' } },
      schema: {
        summary: 'Errors by template, the most frequent first, compared with the seven days before',
        tags: ['analysis'],
        params: WorkspaceParams,
        querystring: Type.Object(
          {
            from: at('First instant, RFC 3339 with a zone; absent: a day before to.'),
            to: at('First instant after the period; absent: now, to the minute.'),
            trend: Type.Optional(Type.Enum(['new', 'rising', 'steady'])),
            limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_LIMIT })),
          },
          { additionalProperties: false },
        ),
        response: {
          200: Type.Object({
            workspaceId: Type.String(),
            from: Instant,
            to: Instant,
            comparedFrom: Instant,
            patterns: Type.Array(PatternSchema),
          }),
          ...errorResponses,
        },
      },
    },
    async (request) => {
      const { trend, limit = DEFAULT_LIMIT, ...bounds } = request.query;
      const { workspaceId } = request.params;
      const asked = completePeriod(bounds, now());
      const key = JSON.stringify([workspaceId, asked]);
      const report = await remembered(key, () => errorPatterns.of(workspaceId, asked));
      const { period, patterns } = report;
      return {
        workspaceId,
        from: formatInstant(period.sinceMs),
        to: formatInstant(period.toMs),
        comparedFrom: formatInstant(period.fromMs),
        patterns: patterns
          .filter((pattern) => trend === undefined || pattern.trend === trend)
          .slice(0, limit)
          .map(toJson),
      };
    },
  );
}

function toJson({ workspaceId: _, firstSeenMs, lastSeenMs, ...pattern }: ErrorPattern) {
  const firstSeen = formatInstant(firstSeenMs);
  return { ...pattern, firstSeen, lastSeen: formatInstant(lastSeenMs) };
}

function completePeriod(bounds: { from?: string; to?: string }, nowMs: number) {
  const given = parsePeriod(bounds);
  // To the minute, so that those who ask in the same one ask for the same.
  const toMs = given.to ?? nowMs - (nowMs % MINUTE_MS);
  const fromMs = given.from ?? toMs - DEFAULT_DAYS * DAY_MS;
  const details: FieldError[] = [];
  if (toMs <= fromMs) details.push({ field: 'from', reason: 'must lie before to' });
  if (toMs - fromMs > MAX_DAYS * DAY_MS) {
    details.push({ field: 'from', reason: `must lie at most ${MAX_DAYS} days before to` });
  }
  if (details.length > 0) throw invalidArgument('The period is not valid.', details);
  return { fromMs, toMs };
}
