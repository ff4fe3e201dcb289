import { BigQuery } from '@google-cloud/bigquery';
import {
  type BigQueryEmulatorOptions,
  createBigQueryEmulator,
} from '../../../local/bigquery/emulator.ts';

export const PROJECT = 'contract-tests';
export const NOW = Date.parse('2026-11-20T12:00:00Z');

/** A cell as the API writes it, with the `{v}` and `{f}` wrappings taken off. */
export type PlainCell = string | null | PlainCell[];
type WireCell = string | null | { v: WireCell }[] | { f: { v: WireCell }[] };
type WireField = { name: string; type: string; mode?: string; fields?: WireField[] };

// biome-ignore lint/suspicious/noExplicitAny: bodies are looked into at any depth by the assertions.
export type Answer = { status: number; body: Record<string, any> };

function plain(value: WireCell): PlainCell {
  if (value === null || typeof value === 'string') return value;
  return (Array.isArray(value) ? value : value.f).map((cell) => plain(cell.v));
}

const GOOGLE_SQL_NAMES: Record<string, string> = {
  INTEGER: 'INT64',
  FLOAT: 'FLOAT64',
  BOOLEAN: 'BOOL',
};

/** A result column's type in GoogleSQL's words. */
function typeOf(field: WireField): string {
  const inner = (f: WireField) => `${f.name.startsWith('_field_') ? '' : f.name} ${typeOf(f)}`;
  const type =
    field.type === 'RECORD'
      ? `STRUCT<${field.fields!.map(inner).join()}>`
      : (GOOGLE_SQL_NAMES[field.type] ?? field.type);
  return field.mode === 'REPEATED' ? `ARRAY<${type}>` : type;
}

/** The emulator on a free port, at a fixed time, with the real client pointed at it. */
export async function startHarness(options: Partial<BigQueryEmulatorOptions> = {}) {
  // Without it the client looks for a metadata server first.
  process.env.METADATA_SERVER_DETECTION = 'none';
  const clock = { now: NOW };
  const emulator = createBigQueryEmulator({ projectId: PROJECT, now: () => clock.now, ...options });
  await emulator.start();
  const client = new BigQuery({ projectId: PROJECT, apiEndpoint: emulator.url, maxRetries: 0 });

  async function call(method: string, path: string, body?: unknown): Promise<Answer> {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(`${emulator.url}/bigquery/v2/projects/${PROJECT}${path}`, {
      method,
      ...(text === undefined ? {} : { body: text as string }),
    });
    const answer = await response.text();
    return { status: response.status, body: answer === '' ? {} : JSON.parse(answer) };
  }

  return {
    emulator,
    client,
    clock,
    /** A request as it goes over the wire. */
    call,
    /** The answer of jobs.query: types and cells exactly as sent, or the error. */
    async sql(query: string, more: object = {}) {
      const formatOptions = { useInt64Timestamp: true };
      const { status, body } = await call('POST', '/queries', {
        query,
        useLegacySql: false,
        formatOptions,
        ...more,
      });
      if (status !== 200) return { error: body.error };
      const fields = (body.schema?.fields ?? []) as WireField[];
      const rows = (body.rows ?? []) as { f: { v: WireCell }[] }[];
      return {
        body,
        names: fields.map((f) => f.name),
        types: fields.map(typeOf),
        rows: rows.map(plain),
      };
    },
  };
}

export type Harness = Awaited<ReturnType<typeof startHarness>>;
