/** One command that is sent, or a pipeline or transaction as a whole. */
export type RedisCall = {
  /** `GET`, `EVALSHA`, …; `PIPELINE`, `MULTI`. */
  operation: string;
  database: number | undefined;
  host: string | undefined;
  port: number | undefined;
};

/** Told when the call ends, with the error it failed with. */
export type RedisCallEnd = (error?: unknown) => void;

type Command = { name: string; promise: Promise<unknown>; pipelineIndex?: number; [SEEN]?: true };
type Client = { options: { db?: number; host?: string; port?: number } };
type Send = (this: Client, command: Command, ...rest: unknown[]) => unknown;

const SEEN = Symbol('told of');

/**
 * Has every call of every ioredis client of this process told of: `begin` as it is sent, and what it returned as it ends.
 * ioredis tells of commands on diagnostics channels too, but copies every argument into texts first, which costs a script with
 * thousands of arguments more than running it. What is sent in the moment until the package is loaded is not told of.
 * `close` ends it.
 */
export function watchRedisCalls(begin: (call: RedisCall) => RedisCallEnd | undefined): {
  close(): void;
} {
  let isClosed = false;
  let restore: (() => void) | undefined;
  const open = new WeakMap<Client, RedisCallEnd>();

  /** The operation to tell of, or undefined within a pipeline, of which the first command stands for all. */
  function operationOf({ name, pipelineIndex }: Command): string | undefined {
    if (pipelineIndex === undefined) return name.toUpperCase();
    if (pipelineIndex > 0) return undefined;
    return name === 'multi' ? 'MULTI' : 'PIPELINE';
  }

  function watch(client: Client, command: Command): void {
    if (command[SEEN] === true) return;
    command[SEEN] = true;
    const operation = operationOf(command);
    if (operation === undefined) {
      // A transaction ends with its EXEC.
      const end = command.name === 'exec' ? open.get(client) : undefined;
      if (end === undefined) return;
      open.delete(client);
      command.promise.then(() => end(), end);
      return;
    }
    const { db, host, port } = client.options;
    const end = begin({ operation, database: db, host, port });
    if (end === undefined) return;
    if (operation === 'MULTI') open.set(client, end);
    else command.promise.then(() => end(), end);
  }

  // Not at the top: whoever has no Redis should not wait for it.
  void import('ioredis').then(({ Redis }) => {
    if (isClosed) return;
    const prototype = Redis.prototype as unknown as { sendCommand: Send };
    const original = prototype.sendCommand;
    const patched: Send = function (command, ...rest) {
      watch(this, command);
      return original.call(this, command, ...rest);
    };
    prototype.sendCommand = patched;
    restore = () => {
      if (prototype.sendCommand === patched) prototype.sendCommand = original;
    };
  });

  return {
    close() {
      isClosed = true;
      restore?.();
    },
  };
}
