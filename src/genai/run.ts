import { type Context, context, type Span } from '@opentelemetry/api';
import { type Method, type Methods, replaceMethod } from './replace-method.ts';
import type { Teller } from './teller.ts';

/** Told of what became of a traced function; of the first thing only, whatever its result is asked for later. */
export type Watcher = {
  answered(value: unknown): void;
  failed(error: unknown): void;
  /** Its result was never asked for: nobody holds it any more, or the telemetry closes. */
  unused(): void;
};

/** Runs traced functions and watches their results. */
export type Runner = {
  /** The very result of `fn`, which runs in `at`; what it throws is thrown on. */
  run<T>(fn: (span: Span) => T, span: Span, at: Context, watcher: Watcher): T;
  /** Ends what was never asked for. */
  close(): void;
};

type Callback = ((value: unknown) => unknown) | null | undefined;

/** How the clients' promises hand out their answer beside `then`. */
const OTHER_WAYS = ['withResponse', 'asResponse'];

/**
 * Watches results where they are asked for and never asks itself, as that may do the work twice or use up a body that the
 * caller wants: promises of the language are listened to, for they have nothing left to do. Of all other thenables (the
 * clients' promises that read the response in `then`, queries that run in it) the methods on the object itself are replaced,
 * and what they do is done within `at`.
 */
export function createRunner(teller: Teller): Runner {
  const unused = new Set<() => void>();
  const dropped = new FinalizationRegistry<() => void>((end) => end());

  function watch(result: unknown, at: Context, watcher: Watcher): void {
    if (!isThenable(result)) {
      watcher.answered(result);
      return;
    }
    const { then } = result;
    if (then === Promise.prototype.then) {
      then.call(result, watcher.answered, watcher.failed);
      return;
    }
    const end = () => {
      unused.delete(end);
      watcher.unused();
    };
    unused.add(end);
    dropped.register(result, end, end);
    const used = () => {
      unused.delete(end);
      dropped.unregister(end);
    };
    replaceMethods(result as unknown as Methods, at, { ...watcher, used });
  }

  return {
    run(fn, span, at, watcher) {
      const once = onlyFirst(watcher);
      let result: ReturnType<typeof fn>;
      try {
        result = context.with(at, fn, undefined, span);
      } catch (error) {
        once.failed(error);
        throw error;
      }
      teller.safely('a result', () => watch(result, at, once));
      return result;
    },
    close() {
      for (const end of unused) end();
    },
  };
}

function onlyFirst(watcher: Watcher): Watcher {
  let isTold = false;
  const first =
    <A extends unknown[]>(tell: (...args: A) => void) =>
    (...args: A) => {
      if (isTold) return;
      isTold = true;
      tell(...args);
    };
  return {
    answered: first(watcher.answered),
    failed: first(watcher.failed),
    unused: first(watcher.unused),
  };
}

function replaceMethods(
  thenable: Methods,
  at: Context,
  watcher: Watcher & { used: () => void },
): void {
  const { answered, failed, used } = watcher;
  const then = thenable.then as Method;
  replaceMethod(thenable, 'then', (onFulfilled, onRejected, ...others) => {
    used();
    const here = context.active();
    const pass = (callback: unknown, value: unknown, otherwise: () => unknown) =>
      typeof callback === 'function'
        ? context.with(here, callback as NonNullable<Callback>, undefined, value)
        : otherwise();
    const fulfilled = (value: unknown) => {
      answered(value);
      return pass(onFulfilled, value, () => value);
    };
    const rejected = (error: unknown) => {
      failed(error);
      return pass(onRejected, error, () => {
        throw error;
      });
    };
    return context.with(at, () => then.call(thenable, fulfilled, rejected, ...others));
  });
  // The clients' own go round `then`. Other arguments than the language's are for the object to understand.
  const again = (...args: unknown[]) => (thenable.then as Method)(...args);
  const { catch: original, finally: lastly } = thenable;
  if (typeof original === 'function') {
    replaceMethod(thenable, 'catch', (...args) =>
      args.length === 1 ? again(undefined, args[0]) : original.apply(thenable, args),
    );
  }
  if (typeof lastly === 'function') {
    replaceMethod(thenable, 'finally', (...args) => {
      const [callback] = args;
      if (args.length !== 1 || typeof callback !== 'function') return lastly.apply(thenable, args);
      return again(
        async (value: unknown) => {
          await callback();
          return value;
        },
        async (error: unknown) => {
          await callback();
          throw error;
        },
      );
    });
  }
  let isWithin = false;
  for (const name of OTHER_WAYS) {
    const way = thenable[name];
    if (typeof way !== 'function') continue;
    replaceMethod(thenable, name, (...args) => {
      // One uses the other.
      if (isWithin) return way.apply(thenable, args);
      used();
      isWithin = true;
      try {
        const result: unknown = context.with(at, () => way.apply(thenable, args));
        if (result instanceof Promise) void result.then(answered, failed);
        return result;
      } finally {
        isWithin = false;
      }
    });
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> & object {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
