import { unsupported } from '../errors.ts';
import type { Cursor } from './cursor.ts';
import { arrayOf, type SqlType, scalarType } from './types.ts';

// `>>` closes two brackets at once; the first half is taken by leaving a note for the outer one.
const halfClosed = new WeakSet<Cursor>();

function closeAngle(c: Cursor): void {
  if (halfClosed.delete(c)) return;
  if (c.takeSymbol('>>')) halfClosed.add(c);
  else c.expectSymbol('>');
}

/** A type, e.g. `ARRAY<STRUCT<a INT64, NUMERIC>>`. `already` names a constructor whose word was taken before. */
export function parseType(c: Cursor, already?: 'STRUCT'): SqlType {
  if (already === undefined && c.takeWord('ARRAY')) {
    c.expectSymbol('<');
    const element = parseType(c);
    closeAngle(c);
    return arrayOf(element);
  }
  if (already === 'STRUCT' || c.takeWord('STRUCT')) {
    c.expectSymbol('<');
    const fields = c.commaList(() => {
      const named = c.peek(1).kind === 'name' || c.peek(1).kind === 'quoted';
      const name = named ? c.identifier() : '';
      return { name, type: parseType(c) };
    });
    closeAngle(c);
    return { kind: 'STRUCT', fields };
  }
  const type = scalarType(c.identifier());
  if (c.isSymbol('(')) throw unsupported('A parameterized type (precision, scale or length)');
  return type;
}
