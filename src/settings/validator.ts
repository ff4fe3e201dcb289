import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { AppError, type FieldError } from '../core/errors.ts';
import { NAME_PATTERN, PLATFORM_SCOPE } from '../core/ids.ts';
import { patternWords } from '../core/patterns.ts';
import { schemaFieldErrors } from '../core/schema-words.ts';
import { SETTING_SCHEMAS, type SettingKind } from './kinds.ts';

const NAME = new RegExp(NAME_PATTERN);

/** A check that throws `invalid_argument` with every field at fault unless scope, id and body are a setting's. */
export function createSettingValidator() {
  const schemas: [string, TSchema][] = Object.entries(SETTING_SCHEMAS);
  const bodies = new Map(schemas.map(([kind, schema]) => [kind, Compile(schema)]));
  return function requireValid(kind: SettingKind, scope: string, id: string, body: unknown): void {
    const details: FieldError[] = [];
    if (scope !== PLATFORM_SCOPE && !NAME.test(scope)) {
      details.push({ field: 'scope', reason: 'must be a workspace id' });
    }
    if (!NAME.test(id)) details.push({ field: 'id', reason: patternWords(NAME_PATTERN) });
    details.push(...schemaFieldErrors(bodies.get(kind)!.Errors(body), 'body'));
    if (details.length === 0) return;
    throw new AppError({ code: 'invalid_argument', message: `Not a valid ${kind}`, details });
  };
}
