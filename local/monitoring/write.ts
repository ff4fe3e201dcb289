import { status } from '@grpc/grpc-js';
import type { Descriptors as Wire } from '../grpc/descriptors.ts';
import { GrpcStatus, invalidArgument } from '../grpc/status.ts';
import { invalidField, type SeriesFault } from './fault.ts';
import { readIdentity, type SeriesId } from './identity.ts';
import { readInterval, readPoint } from './points.ts';
import type { SeriesTable } from './store.ts';
import type { TimeSeries } from './wire.ts';

const MAX_SERIES = 200;
/** Trailers are bounded; the service does not repeat every series of a big request either. */
const MAX_MESSAGE_CHARS = 8_000;

/** A fault and the series of the request it is of. */
type Placed = { index: number; fault: SeriesFault; series: TimeSeries };

/**
 * CreateTimeSeries: each series is written or refused on its own. When any is refused, the error carries a
 * `CreateTimeSeriesSummary` and names the refused ones.
 */
export function createWriteCall(options: {
  table: SeriesTable;
  projectId: string;
  now: () => number;
  encodeStatus: Wire['encodeStatus'];
}) {
  const { table, projectId, now, encodeStatus } = options;

  function write(series: TimeSeries, index: number, seen: Set<string>): SeriesFault | undefined {
    const at = `timeSeries[${index}]`;
    const id = readIdentity(series, at, projectId);
    if ('fault' in id) return id.fault;
    if (seen.has(id.key)) {
      const why =
        'Duplicate TimeSeries encountered. Only one point can be written per TimeSeries per request.';
      return invalidField('duplicate', at, undefined, why);
    }
    seen.add(id.key);
    const given = readPoint(series, at);
    if ('fault' in given) return given.fault;
    const descriptor = table.descriptors.fit(id, series, given.valueType);
    if ('fault' in descriptor) return descriptor.fault;
    const kind = descriptor.metricKind;
    const { metricType } = id;
    const interval = readInterval(given.point, { at, metricType, kind, now: now() });
    if ('fault' in interval) return interval.fault;
    const fault = table.append(id, kind, interval, given.point);
    if (fault === undefined) return undefined;
    const { rule, message } = fault;
    return { rule, message: `write for resource=${describeResource(id)} failed with: ${message}` };
  }

  return ({ timeSeries }: { timeSeries: TimeSeries[] }): object => {
    const refuse = (rule: string, message: string) => {
      table.refuse(rule, message, timeSeries.length);
      return invalidArgument(message);
    };
    if (timeSeries.length === 0) throw refuse('empty', 'Request was missing field timeSeries.');
    if (timeSeries.length > MAX_SERIES) {
      const why = `A maximum of ${MAX_SERIES} TimeSeries can be written in a single request.`;
      throw refuse('series-count', `Field timeSeries had an invalid value: ${why}`);
    }
    const seen = new Set<string>();
    const refused: Placed[] = [];
    for (const [index, series] of timeSeries.entries()) {
      const fault = write(series, index, seen);
      if (fault !== undefined) refused.push({ index, fault, series });
    }
    const written = timeSeries.length - refused.length;
    table.settle(
      written,
      refused.map(({ fault }) => fault),
    );
    if (refused.length === 0) return {};
    const message = describe(refused);
    const code = status.INVALID_ARGUMENT;
    const details = encodeStatus({
      code,
      message,
      typeName: 'google.monitoring.v3.CreateTimeSeriesSummary',
      detail: {
        totalPointCount: timeSeries.length,
        successPointCount: written,
        errors: [{ status: { code }, pointCount: refused.length }],
      },
    });
    throw new GrpcStatus(code, message, details);
  };
}

/** The refused series, those refused in the same words together. */
function describe(refused: Placed[]): string {
  const groups = Map.groupBy(refused, ({ fault }) => fault.message);
  const texts = [...groups].map(([message, group]) => {
    const { metric } = group[0]!.series;
    const labels = JSON.stringify(metric?.labels ?? {}, undefined, 1).replaceAll(/\n\s*/g, ' ');
    const example = group.length > 1 ? 'example ' : '';
    const named = `metric.type="${metric?.type ?? ''}", metric.labels=${labels.replaceAll('{ ', '{').replaceAll(' }', '}')}`;
    return `timeSeries[${ranges(group.map(({ index }) => index))}] (${example}${named}): ${message}`;
  });
  const text = `One or more TimeSeries could not be written: ${texts.join('; ')}`;
  return text.length > MAX_MESSAGE_CHARS ? `${text.slice(0, MAX_MESSAGE_CHARS)}…` : text;
}

/** `0,2-5` for 0, 2, 3, 4, 5. */
function ranges(indexes: number[]): string {
  const spans: [number, number][] = [];
  for (const index of indexes) {
    const last = spans.at(-1);
    if (last !== undefined && last[1] === index - 1) last[1] = index;
    else spans.push([index, index]);
  }
  return spans.map(([from, to]) => (from === to ? from : `${from}-${to}`)).join(',');
}

function describeResource({ resourceType, resourceLabels }: SeriesId): string {
  const { project_id: _, ...labels } = resourceLabels;
  const pairs = Object.entries(labels).map(([key, value]) => `${key}:${value}`);
  return `${resourceType}{${pairs.join(',')}}`;
}
