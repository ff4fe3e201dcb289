import { readdirSync, readFileSync } from 'node:fs';
import { BigQuery } from '@google-cloud/bigquery';
import { unlessPresent } from './unless-present.ts';

/** Makes the dataset with its tables and views. */
export async function provisionBigquery(options: {
  projectId: string;
  apiEndpoint: string;
  dataset: string;
}): Promise<void> {
  const { projectId, apiEndpoint } = options;
  const dataset = new BigQuery({ projectId, apiEndpoint }).dataset(options.dataset);
  await unlessPresent(`dataset ${dataset.id}`, () => dataset.create());
  for (const [name, text] of definitions('tables', '.json')) {
    await unlessPresent(`table ${name}`, () => dataset.createTable(name, JSON.parse(text)));
  }
  for (const [name, text] of definitions('views', '.sql')) {
    const query = text.replaceAll(`\${project}`, projectId).replaceAll(`\${dataset}`, dataset.id!);
    await unlessPresent(`view ${name}`, () =>
      dataset.createTable(name, { view: { query, useLegacySql: false } as never }),
    );
  }
}

/** Name and text of every file with `extension` in a folder of bigquery/, in alphabetical order. */
function definitions(folder: string, extension: string): [string, string][] {
  const url = new URL(`../../bigquery/${folder}/`, import.meta.url);
  return readdirSync(url)
    .filter((file) => file.endsWith(extension))
    .sort()
    .map((file) => [file.slice(0, -extension.length), readFileSync(new URL(file, url), 'utf8')]);
}
