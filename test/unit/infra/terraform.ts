import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from '@cdktf/hcl2json';

/** A block's attributes and nested blocks; expressions are texts such as `${var.topic}`. */
export type Block = { [name: string]: unknown };

/** One parsed file: blocks by kind and labels, e.g. `resource.google_pubsub_topic.cost_events[0]`. */
export type TerraformFile = {
  path: string;
  text: string;
  resource: Record<string, Record<string, Block[]>>;
  module: Record<string, Block[]>;
  variable: Record<string, Block[]>;
  kinds: string[];
};

/** The repository's root. */
export const root = resolve(import.meta.dirname, '../../..');

/** Every .tf file of infra/, parsed. Throws when one is not valid HCL. */
export async function readTerraform(): Promise<TerraformFile[]> {
  const paths = readdirSync(join(root, 'infra'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.tf') && !path.includes('.terraform'))
    .map((path) => join('infra', path).replaceAll('\\', '/'))
    .sort();
  return Promise.all(
    paths.map(async (path) => {
      const text = readFileSync(join(root, path), 'utf8');
      const { resource = {}, module = {}, variable = {}, ...others } = await parse(path, text);
      const kinds = [...Object.keys(others), ...Object.keys(resource)];
      return { path, text, resource, module, variable, kinds };
    }),
  );
}

/** The only resource of a type and name in files under `folder`; throws when there is none. */
export function findResource(
  files: readonly TerraformFile[],
  folder: string,
  type: string,
  name: string,
): Block {
  const found = files
    .filter(({ path }) => path.startsWith(folder))
    .flatMap(({ resource }) => resource[type]?.[name] ?? []);
  if (found.length !== 1) throw new Error(`${found.length} of ${type}.${name} in ${folder}`);
  return found[0]!;
}
