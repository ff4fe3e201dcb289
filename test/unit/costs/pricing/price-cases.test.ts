import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { calcPrice } from '@pydantic/genai-prices';
import { parse } from 'csv-parse/sync';
import { formatUsd } from '../../../../src/core/money.ts';
import { createPriceBook } from '../../../../src/costs/pricing/price-book.ts';
import { addressOf } from '../../../../src/costs/pricing/providers.ts';

const shared = process.env.AX_SHARED_DATA ?? path.resolve('../shared/data');
const casesFile = path.join(shared, 'llm-prices/price-cases-dev.csv');
const modelsFile = path.join(shared, 'llm-prices/llm-prices.json');
const at = Date.parse('2026-07-24T12:00:00Z');
const book = createPriceBook();

const withCases = existsSync(casesFile) ? test : test.skip;
const withModels = existsSync(modelsFile) ? test : test.skip;

describe('against independent prices (skipped without the shared data set)', () => {
  withCases('every one of the 160 published cases is met within 1e-9 USD + 1e-6', () => {
    const rows: Record<string, string>[] = parse(readFileSync(casesFile), { columns: true });
    const misses = rows.filter((row) => {
      const price = book.price({
        provider: row.provider!,
        model: row.model!,
        at,
        usage: {
          inputTokens: Number(row.input_tokens),
          cacheReadTokens: Number(row.cache_read_tokens),
          cacheWriteTokens: Number(row.cache_write_tokens),
          outputTokens: Number(row.output_tokens),
        },
      });
      if (price.kind === 'unpriced') return true;
      const expected = Number(row.expected_usd);
      return (
        Math.abs(Number(formatUsd(price.costNanoUsd)) - expected) > 1e-9 + 1e-6 * Math.abs(expected)
      );
    });
    expect(misses).toEqual([]);
    expect(rows).toHaveLength(160);
  });

  withModels('a model that the data has is found under the names LiteLLM uses', () => {
    const models: Record<string, { litellm_provider: string }> = JSON.parse(
      readFileSync(modelsFile, 'utf8'),
    );
    const notFound: string[] = [];
    let found = 0;
    for (const [name, { litellm_provider: provider }] of Object.entries(models)) {
      const { bookProvider } = addressOf(provider, name);
      const bare = name.slice(name.indexOf('/') + 1);
      const theirs = [name, bare].find((id) => calcPrice({}, id, { providerId: bookProvider! }));
      const ours = book.price({ provider, model: name, at, usage: { inputTokens: 1 } });
      const unknown = ours.kind === 'unpriced' && ours.reason !== 'no-rate-for-tokens';
      if (!unknown) found += 1;
      if (unknown !== (theirs === undefined)) notFound.push(`${provider} ${name}`);
    }
    expect(notFound).toEqual([]);
    expect(found).toBe(316);
  });
});
