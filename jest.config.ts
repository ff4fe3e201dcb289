export default {
  testEnvironment: 'node',
  transform: {},
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['ts', 'mjs', 'js', 'json', 'node'],
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/.local/', '<rootDir>/test/tools/'],
  testSequencer: '<rootDir>/test/support/sequencer.ts',
  testTimeout: 120_000,
  // Every file loads its own copy of all modules, and not all of it is given back.
  workerIdleMemoryLimit: '700MB',
};
