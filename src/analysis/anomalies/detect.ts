import type { Warehouse } from '../../cloud/bigquery.ts';
import { readQuery } from '../../cloud/query-file.ts';
import { formatInstant } from '../../core/time.ts';
import type { AnomalyRow } from './finding.ts';

/** A measurement: epoch ms and its value, in whatever unit the series has. */
export type Measurement = { series: string; atMs: number; value: number };

/** Whatever answers our queries: BigQuery itself, or the local one. */
export type Asks = Pick<Warehouse, 'query'>;

const SQL = readQuery('series_anomalies');

/**
 * The anomalies of hourly series (`bigquery/queries/series_anomalies.sql`): means per UTC hour, hours without a value
 * taken as the hour before. `sensitivity` is 1 as tuned; with 2 half the score is an alarm. Ordered by series and hour.
 * The measurements travel with the query, at most 10 MB of them to BigQuery. Throws `warehouse_failed`.
 */
export async function detectSeriesAnomalies(
  warehouse: Asks,
  measurements: readonly Measurement[],
  sensitivity: number,
): Promise<AnomalyRow[]> {
  if (measurements.length === 0) return [];
  return await warehouse.query<AnomalyRow>({
    sql: SQL,
    params: {
      series: measurements.map(({ series }) => series),
      at: measurements.map(({ atMs }) => formatInstant(atMs)),
      value: measurements.map(({ value }) => value),
      sensitivity,
    },
    types: {
      series: ['STRING'],
      at: ['TIMESTAMP'],
      value: ['FLOAT64'],
      sensitivity: 'FLOAT64',
    },
  });
}
