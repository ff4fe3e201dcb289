import type { FieldError } from '../../core/errors.ts';
import { divideHalfEven, parseDecimal } from '../../core/money.ts';
import { HOUR_MS } from '../../core/time.ts';
import { readCsv } from './csv.ts';
import type { ReplayFormat, ReplayRow } from './format.ts';

const COLUMNS = [
  'tenant',
  'model',
  'hour',
  'requests',
  'avg_input_tokens',
  'avg_output_tokens',
] as const;

const AVERAGE_SCALE = 6;

/** Who made the models the trace names, as long as they are not mapped to others. */
const TRACE_PROVIDER = 'alibaba';
const MAPPED_PROVIDER = 'openai';

/**
 * Hourly traffic of anonymous tenants (github.com/alibaba/ServeGen): one event per tenant and hour that had
 * requests, stamped with the hour's start, its tokens being requests × average, rounded half to even.
 * The tenant is the workspace; with `workspaceId` all go into that one and the tenant becomes the team.
 * `models` maps model names to others; those of provider `openai` unless `provider` says so.
 */
export function servegenHourlyCsv(options: {
  workspaceId?: string;
  provider?: string;
  models: ReadonlyMap<string, string>;
}): ReplayFormat {
  const { workspaceId, provider, models } = options;
  const pairs = [...models].map(([from, to]) => `${from}=${to}`);
  return {
    name: 'servegen-hourly-csv',
    identity: [workspaceId ?? '', provider ?? '', ...pairs.toSorted()],
    timing: { kind: 'shifted', tailMs: HOUR_MS, endGrainMs: HOUR_MS },
    async *read(content) {
      for await (const { line, fields } of readCsv(content, COLUMNS)) yield toRow(line, fields);
    },
  };

  function toRow(line: number, fields: Record<(typeof COLUMNS)[number], string>): ReplayRow {
    const errors: FieldError[] = [];
    const whole = (field: 'hour' | 'requests'): number => {
      if (/^\d{1,12}$/.test(fields[field])) return Number(fields[field]);
      errors.push({ field, reason: `${JSON.stringify(fields[field])} is not a whole number` });
      return 0;
    };
    const hour = whole('hour');
    const requests = whole('requests');
    const tokens = (field: 'avg_input_tokens' | 'avg_output_tokens'): number => {
      if (!/^\d{1,9}(\.\d{1,6})?$/.test(fields[field])) {
        const reason = `${JSON.stringify(fields[field])} is not a decimal of at most 6 places`;
        errors.push({ field, reason });
        return 0;
      }
      const average = parseDecimal(fields[field], AVERAGE_SCALE);
      return Number(divideHalfEven(average * BigInt(requests), 10n ** BigInt(AVERAGE_SCALE)));
    };
    const usage = {
      inputTokens: tokens('avg_input_tokens'),
      outputTokens: tokens('avg_output_tokens'),
      requests,
    };
    if (errors.length > 0) return { kind: 'invalid', line, errors };
    if (requests === 0) return { kind: 'skipped', line };
    const { tenant, model } = fields;
    const mapped = models.get(model);
    return {
      kind: 'event',
      line,
      sourceMs: hour * HOUR_MS,
      event: {
        ...(workspaceId === undefined ? { workspaceId: tenant } : { workspaceId, teamId: tenant }),
        resourceType: 'llm_api',
        resourceId: 'chat.completions',
        provider: provider ?? (mapped === undefined ? TRACE_PROVIDER : MAPPED_PROVIDER),
        model: mapped ?? model,
        usage,
        currency: 'USD',
      },
    };
  }
}
