import { setImmediate } from 'node:timers/promises';
import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';
import { MACROS } from './sql/macros.ts';

/** Rows of a DuckDB result, column values as the DuckDB client gives them. */
export type EngineResult = { rows: DuckDBValue[][]; rowsChanged: number };

/** The DuckDB database behind the endpoint. */
export type Engine = {
  /** Runs one statement with named VARCHAR (or VARCHAR[]) values on a connection of its own. */
  run(
    sql: string,
    values?: Record<string, DuckDBValue>,
    onStart?: (interrupt: () => void) => void,
  ): Promise<EngineResult>;
  /** Runs work that changes tables, one piece after another, on the one writing connection. */
  write<T>(work: (connection: DuckDBConnection) => Promise<T> | T): Promise<T>;
  /** Stops what `run` is running and what it is asked from now on, which fails with an interrupt error. Writes go on. */
  interrupt(): void;
  /** Waits for everything under way, checkpoints and closes. */
  close(): Promise<void>;
};

const INTERRUPT_AGAIN_MS = 20;

/** Opens (or creates) the database: in memory, or in `file`. */
export async function openEngine(file: string | undefined): Promise<Engine> {
  const instance = await DuckDBInstance.create(file ?? ':memory:', {
    // What SQL can reach is the database alone, never files or the network.
    enable_external_access: 'false',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const writer = await instance.connect();
  for (const macro of MACROS) await writer.run(`CREATE OR REPLACE MACRO ${macro}`);
  const idle: DuckDBConnection[] = [];
  const running = new Map<DuckDBConnection, Promise<unknown>>();
  let tail: Promise<unknown> = Promise.resolve();
  let stopping = false;

  /** Stops the work on a connection. DuckDB forgets an interrupt that comes before it executes: told again until it ends. */
  function stopWork(c: DuckDBConnection): void {
    const work = running.get(c);
    if (work === undefined) return;
    c.interrupt();
    const again = setInterval(() => c.interrupt(), INTERRUPT_AGAIN_MS);
    void work.finally(() => clearInterval(again));
  }

  async function query(c: DuckDBConnection, sql: string, values?: Record<string, DuckDBValue>) {
    const result = await c.run(sql, values);
    return { rows: await result.getRows(), rowsChanged: result.rowsChanged };
  }

  return {
    async run(sql, values, onStart) {
      const c = idle.pop() ?? (await instance.connect());
      const work = stopping ? Promise.reject(new Error('Interrupted!')) : query(c, sql, values);
      const ended = work.then(
        () => undefined,
        () => undefined,
      );
      running.set(c, ended);
      // The connection serves others afterwards: only what still runs on it is stopped.
      onStart?.(() => running.get(c) === ended && stopWork(c));
      try {
        return await work;
      } finally {
        running.delete(c);
        idle.push(c);
      }
    },
    interrupt() {
      stopping = true;
      for (const c of running.keys()) stopWork(c);
    },
    write(work) {
      // One piece per turn of the event loop: queries get their turns between inserts.
      const turn = tail.then(() => setImmediate()).then(() => work(writer));
      tail = turn.catch(() => undefined);
      return turn;
    },
    async close() {
      await Promise.all([tail, ...running.values()]);
      if (file !== undefined) await writer.run('CHECKPOINT');
      for (const c of idle) c.closeSync();
      writer.closeSync();
      instance.closeSync();
    },
  };
}
