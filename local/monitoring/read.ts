import { status } from '@grpc/grpc-js';
import { GrpcStatus, invalidArgument } from '../grpc/status.ts';
import { parseMetricFilter } from './filter.ts';
import type { Series, SeriesTable } from './store.ts';
import { fromMs, type Timestamp, toMs } from './wire.ts';

const MAX_PAGE = 100_000;

type Aggregation = { perSeriesAligner: string; crossSeriesReducer: string };
export type ListTimeSeriesRequest = {
  filter: string;
  interval: { startTime: Timestamp | null; endTime: Timestamp | null } | null;
  aggregation: Aggregation | null;
  secondaryAggregation: Aggregation | null;
  view: 'FULL' | 'HEADERS';
  orderBy: string;
  pageSize: number;
  pageToken: string;
};

/** ListTimeSeries of raw data, newest points first; aggregations are refused. */
export function createReadCall(table: SeriesTable) {
  return (request: ListTimeSeriesRequest): object => {
    const { interval, view } = request;
    const filter = parseMetricFilter(request.filter);
    if (filter.metricType === undefined) {
      throw invalidArgument('The filter must specify a single metric type.');
    }
    refuseUnsupported(request);
    if (!interval?.endTime) throw invalidArgument('Request was missing field interval.endTime.');
    const endMs = toMs(interval.endTime);
    const startMs = interval.startTime ? toMs(interval.startTime) : endMs;
    if (startMs > endMs) {
      throw invalidArgument('Field interval.startTime is after interval.endTime.');
    }
    const descriptor = table.descriptors.get(filter.metricType);
    if (descriptor === undefined) {
      const text =
        `Cannot find metric(s) that match type = "${filter.metricType}". ` +
        'If a metric was created recently, it could take up to 10 minutes to become available. Please try again soon.';
      throw new GrpcStatus(status.NOT_FOUND, text);
    }
    const found = [...table.all()]
      .filter(({ id }) => filter.matches(id))
      .map((series) => ({ series, points: within(series, startMs, endMs) }))
      .filter(({ points }) => points.length > 0);
    const offset = Number(request.pageToken || 0);
    if (!Number.isInteger(offset)) throw invalidArgument('Field pageToken had an invalid value.');
    const size = request.pageSize > 0 && request.pageSize <= MAX_PAGE ? request.pageSize : MAX_PAGE;
    const { unit, metricKind, valueType } = descriptor;
    const head = ({ id }: Series) => ({
      metric: { type: id.metricType, labels: id.labels },
      resource: { type: id.resourceType, labels: id.resourceLabels },
      metricKind,
      valueType,
      unit,
    });
    // A page is counted in series where only they are asked for, else in points.
    const flat: { series: Series; point?: object }[] =
      view === 'HEADERS'
        ? found.map(({ series }) => ({ series }))
        : found.flatMap(({ series, points }) => points.map((point) => ({ series, point })));
    const page = flat.slice(offset, offset + size);
    const grouped = Map.groupBy(page, ({ series }) => series);
    return {
      unit,
      nextPageToken: offset + size < flat.length ? String(offset + size) : '',
      timeSeries: [...grouped].map(([series, items]) => ({
        ...head(series),
        points: items.flatMap(({ point }) => point ?? []),
      })),
    };
  };
}

function within({ points }: Series, startMs: number, endMs: number): object[] {
  return points
    .filter((point) => point.endMs >= startMs && point.endMs <= endMs)
    .toReversed()
    .map(({ startMs: from, endMs: to, point }) => ({
      interval: { startTime: fromMs(from), endTime: fromMs(to) },
      value: point.value,
    }));
}

function refuseUnsupported(request: ListTimeSeriesRequest): void {
  const { aggregation, secondaryAggregation, orderBy } = request;
  if (orderBy !== '') throw invalidArgument('Field orderBy must be left blank.');
  for (const [name, given] of Object.entries({ aggregation, secondaryAggregation })) {
    const { perSeriesAligner = 'ALIGN_NONE', crossSeriesReducer = 'REDUCE_NONE' } = given ?? {};
    const wanted = [perSeriesAligner, crossSeriesReducer].find((each) => !each.endsWith('_NONE'));
    if (wanted !== undefined) {
      const text = `${name} with ${wanted} is not supported by the local Cloud Monitoring.`;
      throw new GrpcStatus(status.UNIMPLEMENTED, text);
    }
  }
}
