import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';

type Fields = Record<string, TSchema & { const?: unknown; enum?: unknown[]; anyOf?: TSchema[] }>;
type Branch = TSchema & { properties: Fields };

/**
 * What is wrong with a value, where plain validation of a field that may have several shapes would name the faults of
 * every shape: here only those of the shape that its tag (`kind: 'email'`) chooses, or that the tag is none.
 */
export function validationErrors(schema: TSchema, value: unknown): TLocalizedValidationError[] {
  const { properties = {} } = schema as Partial<Branch>;
  const fields: Fields = { ...properties };
  const wrongTags: TLocalizedValidationError[] = [];
  for (const [name, field] of Object.entries(properties)) {
    const given = isRecord(value) && name in value ? value[name] : undefined;
    const branches = field.anyOf;
    if (!isRecord(given) || branches === undefined || !branches.every(isBranch)) continue;
    const tag = tagOf(branches);
    if (tag === undefined) continue;
    const chosen = branches.find((branch) => valuesOf(branch.properties[tag]!).has(given[tag]));
    fields[name] = chosen ?? ({} as TSchema);
    if (chosen !== undefined) continue;
    const known = branches.flatMap((branch) => [...valuesOf(branch.properties[tag]!)]);
    wrongTags.push({
      keyword: 'enum',
      instancePath: `/${name}/${tag}`,
      schemaPath: '',
      params: { allowedValues: known },
      message: `must be one of ${known.join(', ')}`,
    } as TLocalizedValidationError);
  }
  return [...wrongTags, ...Compile({ ...schema, properties: fields }).Errors(value)];
}

/** The field whose values tell the shapes apart. */
function tagOf(branches: readonly Branch[]): string | undefined {
  return Object.keys(branches[0]?.properties ?? {}).find((name) =>
    branches.every(({ properties }) => valuesOf(properties[name]).size > 0),
  );
}

function valuesOf(schema: Fields[string] | undefined): Set<unknown> {
  if (schema === undefined) return new Set();
  if (schema.const !== undefined) return new Set([schema.const]);
  if (schema.enum !== undefined) return new Set(schema.enum);
  const options = (schema.anyOf ?? []) as { const?: unknown }[];
  return new Set(
    options.every((one) => one.const !== undefined) ? options.map((o) => o.const) : [],
  );
}

function isBranch(schema: TSchema): schema is Branch {
  return 'properties' in schema;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
