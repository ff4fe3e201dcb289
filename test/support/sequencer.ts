import { createRequire } from 'node:module';
import { sep } from 'node:path';

// Its class is the default export of a CommonJS module, which jest and Node hand over differently.
const { default: TestSequencer } = createRequire(import.meta.url)(
  '@jest/test-sequencer',
) as typeof import('@jest/test-sequencer');

type Tests = Parameters<InstanceType<typeof TestSequencer>['sort']>[0];

/** Folders whose tests start whole clouds, or many processes, and wait for them. */
const HEAVY = ['e2e', 'faults', 'docs'];

/**
 * The order of test files: the heavy ones among the light ones, so that as a rule one worker has a heavy one and the other
 * one makes way, and none is left to the end for one worker alone.
 */
export default class Sequencer extends TestSequencer {
  override sort(tests: Tests): Tests {
    const isHeavy = ({ path }: Tests[number]) =>
      HEAVY.some((folder) => path.includes(`${sep}test${sep}${folder}${sep}`));
    const byPath = tests.toSorted((a, b) => (a.path < b.path ? -1 : 1));
    const heavy = byPath.filter(isHeavy);
    const light = byPath.filter((test) => !isHeavy(test));
    // The last heavy one begins when a third of the light ones is still to come.
    const every = Math.max(1, Math.floor((light.length * 2) / 3 / Math.max(1, heavy.length)));
    const sorted: Tests = [];
    for (const [index, test] of light.entries()) {
      const due = index % every === 0 ? heavy.shift() : undefined;
      if (due !== undefined) sorted.push(due);
      sorted.push(test);
    }
    return [...sorted, ...heavy];
  }
}
