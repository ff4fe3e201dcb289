import { kpi, LATENCY_MS, SIZE_BYTES } from './kpi.ts';

const SERVER = ['method', 'route', 'status_class'] as const;
const CLIENT = ['method', 'server_address', 'status_class'] as const;

/** Requests that a service answers, and those it makes. */
export const HTTP_KPI = {
  httpServerRequests: kpi({
    name: 'http/server/requests',
    kind: 'counter',
    valueType: 'int',
    unit: '{request}',
    description: 'HTTP requests that were answered.',
    labels: SERVER,
  }),
  httpServerDuration: kpi({
    name: 'http/server/duration',
    kind: 'histogram',
    valueType: 'double',
    unit: 'ms',
    description: 'Time from the arrival of an HTTP request to the end of its answer.',
    labels: SERVER,
    boundaries: LATENCY_MS,
  }),
  httpServerRequestSize: kpi({
    name: 'http/server/request_size',
    kind: 'histogram',
    valueType: 'int',
    unit: 'By',
    description: 'Size of the bodies of HTTP requests that were answered.',
    labels: SERVER,
    boundaries: SIZE_BYTES,
  }),
  httpServerResponseSize: kpi({
    name: 'http/server/response_size',
    kind: 'histogram',
    valueType: 'int',
    unit: 'By',
    description: 'Size of the bodies of HTTP answers that were given.',
    labels: SERVER,
    boundaries: SIZE_BYTES,
  }),
  httpClientRequests: kpi({
    name: 'http/client/requests',
    kind: 'counter',
    valueType: 'int',
    unit: '{request}',
    description: 'HTTP requests that were made.',
    labels: CLIENT,
  }),
  httpClientDuration: kpi({
    name: 'http/client/duration',
    kind: 'histogram',
    valueType: 'double',
    unit: 'ms',
    description: 'Time from making an HTTP request to its answer.',
    labels: CLIENT,
    boundaries: LATENCY_MS,
  }),
  httpClientRequestSize: kpi({
    name: 'http/client/request_size',
    kind: 'histogram',
    valueType: 'int',
    unit: 'By',
    description: 'Size of the bodies of HTTP requests that were made.',
    labels: CLIENT,
    boundaries: SIZE_BYTES,
  }),
  httpClientResponseSize: kpi({
    name: 'http/client/response_size',
    kind: 'histogram',
    valueType: 'int',
    unit: 'By',
    description: 'Size of the bodies of HTTP answers that came.',
    labels: CLIENT,
    boundaries: SIZE_BYTES,
  }),
};
