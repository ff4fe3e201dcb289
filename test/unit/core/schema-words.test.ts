import { describe, expect, test } from '@jest/globals';
import { type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { NAME_PATTERN } from '../../../src/core/ids.ts';
import { patternWords } from '../../../src/core/patterns.ts';
import { schemaFieldErrors } from '../../../src/core/schema-words.ts';

const faults = (schema: TSchema, value: unknown) =>
  schemaFieldErrors(Compile(schema).Errors(value), 'body');

describe('what a schema found wrong', () => {
  test('is named by the field, missing and unknown ones each', () => {
    const schema = Type.Object(
      { a: Type.Object({ b: Type.String(), c: Type.String() }, { additionalProperties: false }) },
      { additionalProperties: false },
    );
    expect(faults(schema, { a: { x: 1 }, y: 1 })).toEqual([
      { field: 'y', reason: 'is not a known field' },
      { field: 'a.b', reason: 'is required' },
      { field: 'a.c', reason: 'is required' },
      { field: 'a.x', reason: 'is not a known field' },
    ]);
    expect(faults(schema, 'text')).toEqual([{ field: 'body', reason: 'must be object' }]);
  });

  test('of a choice is one reason that names the choices', () => {
    const role = Type.Union([Type.Literal('read'), Type.Literal('admin')]);
    expect(faults(Type.Object({ role }), { role: 'x' })).toEqual([
      { field: 'role', reason: 'must be one of read, admin' },
    ]);
    const owner = Type.Union([Type.String({ pattern: NAME_PATTERN }), Type.Null()]);
    expect(faults(Type.Object({ owner }), { owner: 'a b' })).toEqual([
      { field: 'owner', reason: `${patternWords(NAME_PATTERN)}, or must be null` },
    ]);
  });

  test('of a pattern is said once, its length included', () => {
    const schema = Type.Object({ id: Type.String({ pattern: NAME_PATTERN, maxLength: 128 }) });
    expect(faults(schema, { id: 'a'.repeat(129) })).toEqual([
      { field: 'id', reason: patternWords(NAME_PATTERN) },
    ]);
  });

  test('never shows a pattern, also one without words', () => {
    const schema = Type.Object({ code: Type.String({ pattern: '^[0-9]{4}$' }) });
    expect(faults(schema, { code: 'x' })).toEqual([
      { field: 'code', reason: 'is not written as it has to be' },
    ]);
  });

  test('has the names of fields as they are, with their slashes', () => {
    const schema = Type.Record(Type.String(), Type.Integer());
    expect(faults(schema, { 'a/b~c': 'x' })).toEqual([
      { field: 'a/b~c', reason: 'must be integer' },
    ]);
  });
});
