import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createGroupCommit } from '../../../src/costs/group-commit.ts';

type Item = { name: string; weight: number };
type Commit = { names: string[]; succeed: () => void; fail: (error: Error) => void };

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A group commit whose commits wait to be told how they end. */
function heldGroup(limits: { maxWeight?: number; maxInFlight?: number; maxWaiting?: number } = {}) {
  const commits: Commit[] = [];
  const group = createGroupCommit<Item>({
    commit: (items) =>
      new Promise((resolve, reject) => {
        const names = items.map(({ name }) => name);
        commits.push({ names, succeed: () => resolve(new Map()), fail: reject });
      }),
    weigh: ({ weight }) => weight,
    maxWeight: limits.maxWeight ?? 10,
    maxInFlight: limits.maxInFlight ?? 1,
    maxWaitingWeight: limits.maxWaiting ?? 1_000,
  });
  const submit = (name: string, weight = 1) => group.submit({ name, weight });
  return { commits, submit, names: () => commits.map((commit) => commit.names.join('')) };
}

describe('concurrent callers', () => {
  test('of the same turn share one commit, in their order', async () => {
    const { commits, submit, names } = heldGroup();
    const callers = [submit('a'), submit('b'), submit('c')];
    await turn();
    expect(names()).toEqual(['abc']);
    commits[0]!.succeed();
    await Promise.all(callers);
  });

  test('who come while a commit is under way wait, and share the next', async () => {
    const { commits, submit, names } = heldGroup();
    const first = submit('a');
    await turn();
    const later = [submit('b'), submit('c')];
    await turn();
    expect(names()).toEqual(['a']);
    commits[0]!.succeed();
    await first;
    await turn();
    expect(names()).toEqual(['a', 'bc']);
    commits[1]!.succeed();
    await Promise.all(later);
  });

  test('are told of success only by the commit that holds their item', async () => {
    const { commits, submit } = heldGroup();
    const settled: string[] = [];
    void submit('a').then(() => settled.push('a'));
    await turn();
    void submit('b').then(() => settled.push('b'));
    commits[0]!.succeed();
    await turn();
    await turn();
    expect(settled).toEqual(['a']);
  });

  test('of a failed commit all fail, with its error, and nobody else does', async () => {
    const { commits, submit } = heldGroup();
    const failing = [submit('a'), submit('b')].map((caller) => caller.catch((error) => error));
    await turn();
    const next = submit('c');
    const error = new Error('the ledger is away');
    commits[0]!.fail(error);
    expect(await Promise.all(failing)).toEqual([error, error]);
    await turn();
    commits[1]!.succeed();
    await expect(next).resolves.toBeUndefined();
  });

  test('of items that a commit names as failed fail alone, each with its reason', async () => {
    const group = createGroupCommit<Item>({
      commit: async (items) => new Map([[items[1]!, new Error('only b')]]),
      weigh: () => 1,
      maxWeight: 9,
      maxInFlight: 1,
      maxWaitingWeight: 9,
    });
    const callers = ['a', 'b', 'c'].map((name) => group.submit({ name, weight: 1 }));
    const answers = await Promise.allSettled(callers);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    await expect(callers[1]).rejects.toThrow('only b');
  });

  test('of a commit that throws at once fail as well', async () => {
    const group = createGroupCommit<Item>({
      commit: () => {
        throw new Error('at once');
      },
      weigh: () => 1,
      maxWeight: 1,
      maxInFlight: 1,
      maxWaitingWeight: 9,
    });
    const item = { name: 'a', weight: 1 };
    await expect(group.submit(item)).rejects.toThrow('at once');
    await expect(group.submit(item)).rejects.toThrow('at once');
  });
});

describe('a commit', () => {
  test('holds no more than its weight, and an item heavier than that goes alone', async () => {
    const { commits, submit, names } = heldGroup({ maxWeight: 3, maxInFlight: 9 });
    const callers = [
      submit('a', 2),
      submit('b', 1),
      submit('c', 1),
      submit('d', 7),
      submit('e', 1),
    ];
    await turn();
    expect(names()).toEqual(['ab', 'c', 'd', 'e']);
    for (const commit of commits) commit.succeed();
    await Promise.all(callers);
  });

  test('does not wait for another while fewer are under way than may be', async () => {
    const { commits, submit, names } = heldGroup({ maxInFlight: 2 });
    const callers: Promise<void>[] = [];
    for (const name of ['a', 'b', 'c']) {
      callers.push(submit(name));
      await turn();
    }
    expect(names()).toEqual(['a', 'b']);
    commits[1]!.succeed();
    await callers[1];
    await turn();
    expect(names()).toEqual(['a', 'b', 'c']);
    for (const commit of commits) commit.succeed();
    await Promise.all(callers);
  });
});

describe('overload', () => {
  test('refuses at once and retryably what would wait beyond the bound, and only that', async () => {
    const { commits, submit } = heldGroup({ maxWaiting: 3 });
    const first = submit('a');
    await turn();
    const waiting = [submit('b', 2), submit('c', 1)];
    await expect(submit('d', 1)).rejects.toMatchObject({ code: 'overloaded', retryable: true });
    commits[0]!.succeed();
    await first;
    await turn();
    const later = submit('d', 1);
    commits[1]!.succeed();
    await Promise.all(waiting);
    await turn();
    commits[2]!.succeed();
    await expect(later).resolves.toBeUndefined();
  });

  test('never keeps out an item for its weight alone', async () => {
    const { commits, submit } = heldGroup({ maxWaiting: 3 });
    const heavy = submit('a', 50);
    await turn();
    commits[0]!.succeed();
    await expect(heavy).resolves.toBeUndefined();
  });
});

describe('whatever the interleaving', () => {
  test('every caller is answered once, as its own commit ended, within the bounds', async () => {
    const items = fc.array(
      fc.record({ weight: fc.integer({ min: 1, max: 6 }), fails: fc.boolean() }),
      { minLength: 1, maxLength: 25 },
    );
    const limits = fc.record({
      maxWeight: fc.integer({ min: 1, max: 8 }),
      maxInFlight: fc.integer({ min: 1, max: 3 }),
      maxWaitingWeight: fc.integer({ min: 5, max: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), items, limits, async (scheduler, all, bounds) => {
        const outcomes = new Map<number, 'committed' | 'failed'>();
        const order: number[] = [];
        let inFlight = 0;
        const group = createGroupCommit<{ index: number; weight: number }>({
          ...bounds,
          weigh: ({ weight }) => weight,
          commit: async (group) => {
            inFlight++;
            expect(inFlight).toBeLessThanOrEqual(bounds.maxInFlight);
            const weight = group.reduce((sum, item) => sum + item.weight, 0);
            expect(group.length === 1 || weight <= bounds.maxWeight).toBe(true);
            for (const { index } of group) {
              expect(outcomes.has(index)).toBe(false);
              order.push(index);
            }
            const fails = group.some(({ index }) => all[index]!.fails);
            for (const { index } of group) outcomes.set(index, fails ? 'failed' : 'committed');
            await scheduler.schedule(Promise.resolve(), `commit of ${group.length}`);
            inFlight--;
            if (fails) throw new Error('failed');
            return new Map();
          },
        });
        const submitted: number[] = [];
        const callers = all.map(({ weight }, index) =>
          scheduler.schedule(Promise.resolve(), `caller ${index}`).then(async () => {
            submitted.push(index);
            try {
              await group.submit({ index, weight });
              return 'committed';
            } catch (error) {
              return (error as { code?: string }).code ?? 'failed';
            }
          }),
        );
        const answers = await scheduler.waitFor(Promise.all(callers));
        answers.forEach((answer, index) => {
          expect(answer).toBe(outcomes.get(index) ?? 'overloaded');
        });
        expect(order).toEqual(submitted.filter((index) => outcomes.has(index)));
      }),
      { numRuns: 300 },
    );
  });
});
