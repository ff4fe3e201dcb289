import type { TLocalizedValidationError } from 'typebox/error';
import type { FieldError } from './errors.ts';
import { patternWords } from './patterns.ts';

/**
 * What a schema found wrong with a value, for whoever sent it: each field by its path (`target.to.0`, `whole` for the value
 * itself) with the reason in words. What a field of several shapes fails in each of them comes as one reason. Pure.
 */
export function schemaFieldErrors(
  errors: readonly TLocalizedValidationError[],
  whole: string,
): FieldError[] {
  const groups = Map.groupBy(errors, ({ instancePath }) => instancePath);
  return [...groups].flatMap(([pointer, group]) => {
    const path = fieldPathOf(pointer);
    const under = (field: string) => (path === '' ? field : `${path}.${field}`);
    const named = group.flatMap((error): FieldError[] => {
      const reason = error.keyword === 'required' ? 'is required' : 'is not a known field';
      return namedFields(error).map((field) => ({ field: under(field), reason }));
    });
    const reasons = reasonsOf(group.filter((error) => !NAMES_FIELDS.has(error.keyword)));
    const field = path === '' ? whole : path;
    return [...named, ...reasons.map((reason) => ({ field, reason }))];
  });
}

/** One fault in words; never the pattern that was not kept to. */
export function schemaReason(error: TLocalizedValidationError): string {
  switch (error.keyword) {
    case 'pattern':
      return patternWords(String(error.params.pattern));
    case 'format':
      return error.params.format === 'date-time'
        ? 'must be an RFC 3339 instant with a zone'
        : `must be a ${error.params.format}`;
    case 'minLength':
    case 'minItems':
      return error.params.limit === 1 ? 'must not be empty' : error.message;
    case 'uniqueItems':
      return 'must not hold the same twice';
    case 'enum':
      return oneOf(error.params.allowedValues);
    case 'const':
      return `must be ${String(error.params.allowedValue)}`;
    case 'anyOf':
      return 'has none of the forms that are possible here';
    default:
      return error.message;
  }
}

/** Faults that are about the fields of the value they are found at; a `boolean` one repeats them from within. */
const NAMES_FIELDS = new Set(['required', 'additionalProperties', 'boolean']);

function namedFields(error: TLocalizedValidationError): string[] {
  if (error.keyword === 'required') return error.params.requiredProperties;
  return error.keyword === 'additionalProperties' ? error.params.additionalProperties : [];
}

/** The reasons at one place: a choice is told as such, and a pattern says how long a text may be as well. */
function reasonsOf(group: readonly TLocalizedValidationError[]): string[] {
  const isChoice = group.some(({ keyword }) => keyword === 'anyOf');
  const patterned = group.some(({ keyword }) => keyword === 'pattern');
  const faults = group.filter(
    ({ keyword }) =>
      !(isChoice && keyword === 'anyOf' && group.length > 1) &&
      !(patterned && (keyword === 'minLength' || keyword === 'maxLength')),
  );
  if (!isChoice) return [...new Set(faults.map(schemaReason))];
  const values = faults.flatMap((one) =>
    one.keyword === 'const' ? [one.params.allowedValue] : [],
  );
  if (values.length === faults.length && values.length > 0) return [oneOf(values)];
  return [[...new Set(faults.map(schemaReason))].join(', or ')];
}

function oneOf(values: readonly unknown[]): string {
  return `must be one of ${values.map(String).join(', ')}`;
}

/** A JSON pointer as the path people write: `/target/to/0` is `target.to.0`. */
function fieldPathOf(pointer: string): string {
  return pointer.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~');
}
