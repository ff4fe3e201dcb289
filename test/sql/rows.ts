import { expect } from '@jest/globals';
import type { Row, SqlCase } from './cases.ts';

const INSTANT = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d+))?Z$/;

/** Fails unless the rows are those that the case expects. */
export function expectRows(actual: Row[], { expected, inOrder }: SqlCase): void {
  const columns = [...new Set([...actual, ...expected].flatMap(Object.keys))].sort();
  const prepare = (rows: Row[]): Row[] => {
    const plain = rows.map((row) =>
      Object.fromEntries(
        columns
          .map((column) => [column, canonical(row[column])] as const)
          .filter(([, value]) => value !== undefined),
      ),
    );
    return inOrder ? plain : plain.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  };
  expect(prepare(actual)).toEqual(prepare(expected));
}

const keyOf = (row: Row): string => JSON.stringify(row);

/** One form of a value for all engines; nothing for NULL. */
function canonical(value: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) return value.map((item) => canonical(item));
  if (typeof value === 'object') {
    const entries = Object.entries(value as Row).sort(([a], [b]) => (a < b ? -1 : 1));
    return JSON.stringify(Object.fromEntries(entries));
  }
  if (typeof value !== 'string') return value;
  if (value.startsWith('{')) return canonical(JSON.parse(value));
  const [, whole, fraction = ''] = INSTANT.exec(value) ?? [];
  if (whole === undefined) return value;
  const digits = fraction.replace(/0+$/, '');
  return `${whole}${digits === '' ? '' : `.${digits}`}Z`;
}
