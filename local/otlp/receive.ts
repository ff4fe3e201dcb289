import { decodeTraces, otlpEncodingOf } from '../../src/otlp/decode.ts';
import { createOtlpCodec, type OtlpCodec } from './messages.ts';
import { readPoints } from './metric-points.ts';
import type { PointStore } from './point-store.ts';
import type { RefusalLog } from './refusals.ts';
import { reasonAgainstResource, reasonAgainstSpan } from './trace-rules.ts';
import type { TraceStore } from './trace-store.ts';

/** What became of a request; `partialSuccess` counts what was left out and says why. */
export type Received =
  | { kind: 'taken'; leftOut: number; message: string }
  | { kind: 'refused'; status: 400 | 403 | 415; message: string };

const UNSUPPORTED = 'Send application/x-protobuf or application/json.';

/** Takes the bodies of OTLP requests, already unzipped, into the stores by Google's rules. */
export function createReceive(options: {
  projectId: string;
  traces: TraceStore;
  points: PointStore;
  refusals: RefusalLog;
  codec?: OtlpCodec;
}) {
  const { projectId, traces, points, refusals, codec = createOtlpCodec() } = options;

  return {
    /** All or nothing where the resource is wrong; span by span where a span is. */
    traces(body: Buffer, contentType: string): Received {
      const decoded = decodeTraces(body, contentType);
      if (decoded.kind === 'refused') {
        const status = decoded.reason === 'unsupported-content-type' ? 415 : 400;
        refusals.add({ signal: 'traces', count: 0, reason: decoded.message });
        return { kind: 'refused', status, message: decoded.message };
      }
      const resources = new Set(decoded.spans.map(({ resource }) => resource));
      for (const resource of resources) {
        const reason = reasonAgainstResource(resource, projectId);
        if (reason === undefined) continue;
        refusals.add({ signal: 'traces', count: decoded.spans.length, reason });
        return { kind: 'refused', status: statusOf(reason), message: reason };
      }
      const leftOut = decoded.rejected.map(({ path, reason }) => `${path}: ${reason}`);
      for (const span of decoded.spans) {
        const reason = reasonAgainstSpan(span);
        if (reason === undefined) traces.add(span);
        else leftOut.push(`Span ${span.name.slice(0, 100)} ${reason}`);
      }
      return taken('traces', leftOut);
    },

    metrics(body: Buffer, contentType: string): Received {
      const encoding = otlpEncodingOf(contentType);
      if (encoding === undefined) {
        refusals.add({ signal: 'metrics', count: 0, reason: UNSUPPORTED });
        return { kind: 'refused', status: 415, message: UNSUPPORTED };
      }
      let request: unknown;
      try {
        const isJson = encoding === 'application/json';
        request = isJson ? JSON.parse(body.toString('utf8')) : codec.decodeMetrics(body);
      } catch (error) {
        const message = `The body is not an OTLP request: ${(error as Error).message}`;
        refusals.add({ signal: 'metrics', count: 0, reason: message });
        return { kind: 'refused', status: 400, message };
      }
      const read = readPoints(request, projectId);
      if ('refused' in read) {
        refusals.add({ signal: 'metrics', count: 0, reason: read.refused });
        return { kind: 'refused', status: statusOf(read.refused), message: read.refused };
      }
      for (const point of read.points) points.add(point);
      return taken('metrics', read.rejected);
    },
  };

  function taken(signal: 'traces' | 'metrics', leftOut: readonly string[]): Received {
    const message = leftOut.slice(0, 5).join('; ');
    if (leftOut.length > 0) refusals.add({ signal, count: leftOut.length, reason: message });
    return { kind: 'taken', leftOut: leftOut.length, message };
  }
}

const statusOf = (reason: string): 400 | 403 => (reason.startsWith('Permission') ? 403 : 400);
