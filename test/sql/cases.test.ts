import { expect, test } from '@jest/globals';
import { caseFolders, readCases } from './cases.ts';
import { readSqlFiles } from './definitions.ts';

const names = readSqlFiles().map(({ name }) => name);

test('every query and every view has a case', () => {
  const withCases = readCases().map(({ of }) => of.name);
  expect(names.filter((name) => !withCases.includes(name))).toEqual([]);
});

test('every folder of cases belongs to a query or view', () => {
  expect(caseFolders().filter((name) => !names.includes(name))).toEqual([]);
});
