import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
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
  output: Record<string, Block[]>;
  locals: Block[];
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
      const text = read(path);
      const parsed = await parse(path, text);
      const {
        resource = {},
        module = {},
        variable = {},
        output = {},
        locals = [],
        ...others
      } = parsed;
      const kinds = [...Object.keys(others), ...Object.keys(resource)];
      return { path, text, resource, module, variable, output, locals, kinds };
    }),
  );
}

/** The text of a file of the repository. */
export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
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

/** One call of a module, by the folder it is made in; `source` is the folder of what is called. */
export type ModuleCall = { folder: string; name: string; source: string; block: Block };

/** Every call of a module in `files`. */
export function moduleCalls(files: readonly TerraformFile[]): ModuleCall[] {
  return files.flatMap(({ path, module }) =>
    Object.entries(module).flatMap(([name, blocks]) =>
      blocks.map((block) => {
        const folder = dirname(path);
        return { folder, name, source: join(folder, String(block.source)), block };
      }),
    ),
  );
}

/** The only call `name` in `infra/modules/<folder>`; throws when there is none. */
export function findCall(files: readonly TerraformFile[], folder: string, name: string): Block {
  const found = moduleCalls(files).find(
    (call) => call.folder === `infra/modules/${folder}` && call.name === name,
  );
  if (found === undefined) throw new Error(`no module ${name} in ${folder}`);
  return found.block;
}
