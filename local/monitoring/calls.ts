import { status } from '@grpc/grpc-js';
import type { Descriptors as Wire } from '../grpc/descriptors.ts';
import type { UnaryCalls } from '../grpc/server.ts';
import { GrpcStatus, invalidArgument } from '../grpc/status.ts';
import { unknownMetric } from './descriptors.ts';
import { parseMetricFilter } from './filter.ts';
import type { SeriesId } from './identity.ts';
import { createReadCall, type ListTimeSeriesRequest } from './read.ts';
import { WRITABLE_RESOURCES } from './resources.ts';
import type { SeriesTable } from './store.ts';
import type { MetricDescriptor, TimeSeries } from './wire.ts';
import { createWriteCall } from './write.ts';

type Named = { name: string };
type ListRequest = Named & { filter: string; pageSize: number; pageToken: string };

/** The calls of `google.monitoring.v3.MetricService` that there are here. */
export function createMetricCalls(options: {
  table: SeriesTable;
  projectId: string;
  now: () => number;
  encodeStatus: Wire['encodeStatus'];
}): UnaryCalls {
  const { table, projectId } = options;
  const { descriptors } = table;
  const write = createWriteCall(options);
  const read = createReadCall(table);

  /** What follows `projects/P` in a name, without its slash; refuses other projects. */
  function within(name: string, collection?: string): string {
    const [, project, found, rest = ''] =
      /^projects\/([^/]+)(?:\/([^/]+)\/(.+))?$/.exec(name) ?? [];
    if (project === undefined || found !== collection) {
      throw invalidArgument(`Name '${name}' does not follow the expected pattern.`);
    }
    if (project !== projectId) {
      throw new GrpcStatus(
        status.PERMISSION_DENIED,
        `Permission denied on project '${project}' (or it may not exist).`,
      );
    }
    return rest;
  }

  return {
    CreateTimeSeries(request: Named & { timeSeries: TimeSeries[] }) {
      within(request.name);
      return write(request);
    },
    ListTimeSeries(request: Named & ListTimeSeriesRequest) {
      within(request.name);
      return read(request);
    },
    CreateMetricDescriptor(request: Named & { metricDescriptor: MetricDescriptor | null }) {
      within(request.name);
      const given = request.metricDescriptor;
      if (given === null) throw invalidArgument('Request was missing field metricDescriptor.');
      return descriptors.put(given);
    },
    GetMetricDescriptor({ name }: Named) {
      const type = within(name, 'metricDescriptors');
      const descriptor = descriptors.get(type);
      if (descriptor === undefined) throw unknownMetric(type);
      return descriptor;
    },
    DeleteMetricDescriptor({ name }: Named) {
      const type = within(name, 'metricDescriptors');
      if (!table.deleteMetric(type)) throw unknownMetric(type);
      return {};
    },
    ListMetricDescriptors(request: ListRequest) {
      within(request.name);
      const filter = parseMetricFilter(request.filter);
      const found = descriptors.list().filter(({ type }) => filter.matches(onlyType(type)));
      return page(found, request, 'metricDescriptors');
    },
    GetMonitoredResourceDescriptor({ name }: Named) {
      const type = within(name, 'monitoredResourceDescriptors');
      if (!Object.hasOwn(WRITABLE_RESOURCES, type)) {
        const text = `Could not find descriptor for resource '${type}'.`;
        throw new GrpcStatus(status.NOT_FOUND, text);
      }
      return resourceDescriptor(type, projectId);
    },
    ListMonitoredResourceDescriptors(request: ListRequest) {
      within(request.name);
      const filter = parseMetricFilter(request.filter);
      const found = Object.keys(WRITABLE_RESOURCES)
        .filter((type) => filter.matches({ ...onlyType(''), resourceType: type }))
        .map((type) => resourceDescriptor(type, projectId));
      return page(found, request, 'resourceDescriptors');
    },
  };
}

const onlyType = (metricType: string): SeriesId => ({
  metricType,
  labels: {},
  resourceType: '',
  resourceLabels: {},
  key: '',
  resourceKey: '',
});

function resourceDescriptor(type: string, projectId: string): object {
  const labels = ['project_id', ...WRITABLE_RESOURCES[type]!];
  return {
    name: `projects/${projectId}/monitoredResourceDescriptors/${type}`,
    type,
    displayName: type,
    labels: labels.map((key) => ({ key, valueType: 'STRING' })),
  };
}

function page(items: object[], { pageSize, pageToken }: ListRequest, field: string): object {
  const offset = Number(pageToken || 0);
  if (!Number.isInteger(offset)) throw invalidArgument('Field pageToken had an invalid value.');
  const end = pageSize > 0 ? offset + pageSize : items.length;
  return {
    [field]: items.slice(offset, end),
    nextPageToken: end < items.length ? String(end) : '',
  };
}
