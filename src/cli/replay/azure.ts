import type { FieldError } from '../../core/errors.ts';
import { parseInstant } from '../../core/time.ts';
import { readCsv } from './csv.ts';
import type { ReplayFormat, ReplayRow } from './format.ts';

/**
 * Traces of Azure's LLM inference service (github.com/Azure/AzurePublicDataset): one row per request with its
 * time (UTC, up to seven decimals, of which milliseconds are kept), prompt tokens and generated tokens.
 */
export function azureLlmCsv(options: {
  workspaceId: string;
  provider: string;
  model: string;
}): ReplayFormat {
  const { workspaceId, provider, model } = options;
  return {
    name: 'azure-llm-csv',
    identity: [workspaceId, provider, model],
    timing: { kind: 'shifted', tailMs: 0, endGrainMs: 1 },
    async *read(content) {
      const columns = ['TIMESTAMP', 'ContextTokens', 'GeneratedTokens'] as const;
      for await (const { line, fields } of readCsv(content, columns)) {
        yield toRow(line, fields);
      }
    },
  };

  function toRow(
    line: number,
    fields: Record<'TIMESTAMP' | 'ContextTokens' | 'GeneratedTokens', string>,
  ): ReplayRow {
    const errors: FieldError[] = [];
    const sourceMs = parseInstant(`${fields.TIMESTAMP.replace(' ', 'T')}Z`);
    if (sourceMs === undefined) {
      const reason = `${JSON.stringify(fields.TIMESTAMP)} is not a time like 2023-11-16 18:17:03.9799600`;
      errors.push({ field: 'TIMESTAMP', reason });
    }
    for (const field of ['ContextTokens', 'GeneratedTokens'] as const) {
      if (/^\d{1,15}$/.test(fields[field])) continue;
      errors.push({ field, reason: `${JSON.stringify(fields[field])} is not a whole number` });
    }
    if (sourceMs === undefined || errors.length > 0) return { kind: 'invalid', line, errors };
    return {
      kind: 'event',
      line,
      sourceMs,
      event: {
        workspaceId,
        resourceType: 'llm_api',
        resourceId: 'chat.completions',
        provider,
        model,
        usage: {
          inputTokens: Number(fields.ContextTokens),
          outputTokens: Number(fields.GeneratedTokens),
        },
        currency: 'USD',
      },
    };
  }
}
