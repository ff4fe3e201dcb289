import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { createBigQueryEmulator } from '../../local/bigquery/emulator.ts';
import { groupMessages } from '../../src/analysis/log-patterns/group.ts';
import { createWarehouse } from '../../src/cloud/bigquery.ts';
import { groupingAccuracy } from './grouping-accuracy.ts';
import { type LabelledMessages, MADE_KINDS, makeMessages } from './made-logs.ts';

const ENDING = '.log_structured.csv';
const MADE_COUNT = 2_000;
const MADE_SEED = 1;

type Accuracies = { template: number; digits: number; raw: number };

/**
 * Scores the templates on messages whose true groups are known, in the form of the Loghub-2k samples (Zhu et al., ISSRE
 * 2023: `<system>_2k.log_structured.csv` with the columns Content and EventId), and on made messages of other kinds of
 * systems; beside them, groups of equal texts, and of texts equal but for their digits.
 */
export async function evaluateLogPatterns(folder: string, say: (line: string) => void) {
  const files = existsSync(folder)
    ? readdirSync(folder).filter((name) => name.endsWith(ENDING))
    : [];
  process.env.METADATA_SERVER_DETECTION = 'none';
  const emulator = createBigQueryEmulator({ projectId: 'eval' });
  await emulator.start();
  try {
    const ids = { projectId: 'eval', dataset: 'eval' };
    const warehouse = createWarehouse({ ...ids, apiEndpoint: emulator.url });
    await fetch(`${emulator.url}/bigquery/v2/projects/eval/datasets`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ datasetReference: { projectId: 'eval', datasetId: 'eval' } }),
    });
    const score = async (all: readonly LabelledMessages[]) => {
      const scores: Record<string, Accuracies> = {};
      for (const { name, messages, truth } of all) {
        say(`Grouping ${messages.length} messages of ${name} …`);
        const { lines } = await groupMessages(warehouse, messages);
        scores[name] = {
          template: groupingAccuracy(lines, truth),
          digits: groupingAccuracy(
            messages.map((text) => text.replaceAll(/\d+/g, '#')),
            truth,
          ),
          raw: groupingAccuracy(messages, truth),
        };
      }
      return scores;
    };
    const systems = await score(files.map((name) => readSystem(folder, name)));
    const made = await score(MADE_KINDS.map((kind) => makeMessages(kind, MADE_COUNT, MADE_SEED)));
    const given =
      files.length === 0 ? `Skipped: there is no file *${ENDING} in ${folder}.` : toText(systems);
    return { figures: { systems, made }, text: `${given}\n\nMade messages\n${toText(made)}` };
  } finally {
    await emulator.close();
  }
}

function readSystem(folder: string, file: string): LabelledMessages {
  const rows = parse(readFileSync(join(folder, file)), { bom: true, columns: true }) as Record<
    'Content' | 'EventId',
    string
  >[];
  return {
    name: file.slice(0, -ENDING.length),
    messages: rows.map(({ Content }) => Content),
    truth: rows.map(({ EventId }) => EventId),
  };
}

function toText(scores: Record<string, Accuracies>): string {
  const all = Object.values(scores);
  const mean = (of: keyof Accuracies) => all.reduce((sum, one) => sum + one[of], 0) / all.length;
  const line = (name: string, { template, digits, raw }: Accuracies) =>
    [template, digits, raw].reduce(
      (text, value) => text + value.toFixed(3).padStart(14),
      name.padEnd(26),
    );
  return [
    `${'grouping accuracy'.padEnd(26)}${['templates', 'digits masked', 'raw text'].map((head) => head.padStart(14)).join('')}`,
    ...Object.entries(scores).map(([name, accuracies]) => line(name, accuracies)),
    line('mean', { template: mean('template'), digits: mean('digits'), raw: mean('raw') }),
  ].join('\n');
}
