import { readFileSync } from 'node:fs';
import type { Warehouse } from '../cloud/bigquery.ts';
import { AppError } from '../core/errors.ts';
import type { Setting, SettingBody, SettingKind } from './kinds.ts';

/** The newest row of one setting in the ledger; without a body it is a tombstone. */
export type SettingVersion = {
  id: string;
  version: number;
  body: SettingBody<SettingKind> | undefined;
  changedBy: string;
  /** RFC 3339 */
  changedAt: string;
  writeId: string;
};

type Row = {
  id: string;
  version: number;
  body: string | null;
  deleted: boolean;
  changed_by: string;
  changed_at: string;
  write_id: string;
};

const TABLE = 'setting_versions';
const CURRENT_SQL = new URL('../../bigquery/queries/setting_current.sql', import.meta.url);
const SCOPES_SQL = new URL('../../bigquery/queries/setting_scopes.sql', import.meta.url);

/** The append-only ledger of settings in BigQuery. All methods throw what the warehouse throws. */
export function createVersions(warehouse: Pick<Warehouse, 'query' | 'insert'>) {
  const sql = readFileSync(CURRENT_SQL, 'utf8');
  const scopesSql = readFileSync(SCOPES_SQL, 'utf8');
  return {
    /** The newest version of every setting of a kind and scope by id, tombstones included. */
    async current(kind: SettingKind, scope: string): Promise<Map<string, SettingVersion>> {
      const rows = await warehouse.query<Row>({ sql, params: { kind, scope } });
      return new Map(rows.map((row) => [row.id, parseRow(row)]));
    },

    /** The scopes with at least one setting of the kind in force, sorted. */
    async scopes(kind: SettingKind): Promise<string[]> {
      const rows = await warehouse.query<{ scope: string }>({ sql: scopesSql, params: { kind } });
      return rows.map((row) => row.scope);
    },

    /** Appends one version. After an error it is unknown whether the row was stored. */
    async append(kind: SettingKind, scope: string, version: SettingVersion): Promise<void> {
      const json = {
        kind,
        scope,
        id: version.id,
        version: version.version,
        body: version.body === undefined ? null : JSON.stringify(version.body),
        deleted: version.body === undefined,
        changed_by: version.changedBy,
        changed_at: version.changedAt,
        write_id: version.writeId,
      };
      const insertId = `${version.writeId}@${version.changedAt}`;
      const result = await warehouse.insert(TABLE, [{ insertId, json }]);
      if (result.kind === 'partial') {
        const [error] = result.errors;
        throw new AppError({
          code: 'setting_refused',
          message: `${TABLE} refused a row: ${error?.reason} ${error?.location} ${error?.message}`,
          publicMessage: 'The setting could not be stored.',
        });
      }
    },
  };
}

export type Versions = ReturnType<typeof createVersions>;

/** The settings in force among the newest versions, tombstones left out. */
export function inForce(versions: Iterable<SettingVersion>): Setting[] {
  const settings: Setting[] = [];
  for (const { id, version, body, changedBy, changedAt } of versions) {
    if (body !== undefined) settings.push({ id, version, body, changedBy, changedAt });
  }
  return settings;
}

function parseRow(row: Row): SettingVersion {
  return {
    id: row.id,
    version: Number(row.version),
    body: row.deleted || row.body === null ? undefined : JSON.parse(row.body),
    changedBy: row.changed_by,
    changedAt: row.changed_at,
    writeId: row.write_id,
  };
}
