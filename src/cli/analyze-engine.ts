import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { QueryRequest, Warehouse } from '../cloud/bigquery.ts';
import { AppError } from '../core/errors.ts';
import type { Io } from './io.ts';

const SCRIPT = join(import.meta.dirname, '..', '..', 'local', 'bigquery', 'ask.ts');

/**
 * A local BigQuery without tables, for commands that work offline: each query starts the endpoint as a process of its
 * own, which ends with the answer or at the first Ctrl-C. Queries throw `failed`, with what the endpoint said.
 */
export function createOfflineBigQuery(io: Io): Pick<Warehouse, 'query'> {
  return {
    async query<Row>(request: QueryRequest): Promise<Row[]> {
      const child = spawn(process.execPath, ['--no-warnings', SCRIPT], {
        stdio: ['pipe', 'pipe', 'pipe'],
        signal: io.interrupted,
      });
      const ended = new Promise<void>((resolve, reject) => {
        child.on('error', reject).on('close', () => resolve());
      });
      // A process that ended early says why on stderr.
      child.stdin.on('error', () => undefined);
      child.stdin.end(JSON.stringify(request));
      try {
        const [said, complaint] = await Promise.all([
          text(child.stdout),
          text(child.stderr),
          ended,
        ]);
        return rowsOf<Row>(said, complaint);
      } catch (error) {
        if (!io.interrupted.aborted) throw error;
        throw new AppError({ code: 'interrupted', message: 'Interrupted.', cause: error });
      }
    },
  };
}

function rowsOf<Row>(said: string, complaint: string): Row[] {
  if (said === '') throw failed(complaint.trim() || 'it said nothing');
  const answer = JSON.parse(said) as { rows: Row[] } | { error: string };
  if ('error' in answer) throw failed(answer.error);
  return answer.rows;
}

function failed(reason: string): AppError {
  return new AppError({ code: 'failed', message: `The local BigQuery did not answer: ${reason}` });
}
