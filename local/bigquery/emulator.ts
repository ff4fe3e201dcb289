import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openCatalog } from './catalog.ts';
import { type Engine, openEngine } from './engine.ts';
import { createHttpServer } from './http.ts';
import { createInsertAll } from './insert-all.ts';
import { createJobs } from './jobs.ts';
import { datasetRoutes } from './routes/datasets.ts';
import { jobRoutes } from './routes/jobs.ts';
import { pageRoutes } from './routes/pages.ts';
import { tabledataRoutes } from './routes/tabledata.ts';
import { tableRoutes } from './routes/tables.ts';
import { createStatementRunner } from './run-statement.ts';

/** How an emulator is made. */
export type BigQueryEmulatorOptions = {
  /** The one project served; requests for others get 404. */
  projectId: string;
  /** 0, the default, takes a free one. */
  port?: number;
  /** DuckDB file that outlives the process; in memory when absent. */
  dataFile?: string;
  /** Epoch milliseconds; CURRENT_TIMESTAMP, insert id memory and partition limits follow it. */
  now?: () => number;
};

/**
 * BigQuery's REST API v2 on DuckDB, on 127.0.0.1: datasets, tables, views, streaming inserts and GoogleSQL, with the
 * service's semantics and error bodies. What it does not have it refuses by name. `start` once; `close` stops
 * queries, finishes all else under way, writes a checkpoint and may be called twice.
 */
export function createBigQueryEmulator(options: BigQueryEmulatorOptions) {
  const now = options.now ?? Date.now;
  let running: { server: Server; engine: Engine } | undefined;
  let url = '';

  return {
    /** Base URL, e.g. `http://127.0.0.1:8430`; empty before `start`. */
    get url(): string {
      return url;
    },

    async start(): Promise<void> {
      const engine = await openEngine(options.dataFile);
      const catalog = await openCatalog({ engine, projectId: options.projectId, now });
      const statements = createStatementRunner({ catalog, engine, now });
      const jobs = createJobs({ projectId: options.projectId, run: statements.run, now });
      const insertAll = createInsertAll({ catalog, engine, now });
      const server = createHttpServer([
        ...pageRoutes(catalog, () => url),
        ...datasetRoutes(catalog),
        ...tableRoutes({ catalog, engine, statements }),
        ...tabledataRoutes({ catalog, engine, insertAll }),
        ...jobRoutes(catalog, jobs),
      ]);
      server.listen(options.port ?? 0, '127.0.0.1');
      await once(server, 'listening');
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      running = { server, engine };
    },

    async close(): Promise<void> {
      if (running === undefined) return;
      const { server, engine } = running;
      running = undefined;
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      engine.interrupt();
      await closed;
      await engine.close();
    },
  };
}
