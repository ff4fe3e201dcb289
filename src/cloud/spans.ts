import { channel } from 'node:diagnostics_channel';
import {
  type Attributes,
  type Span,
  type SpanOptions,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { ATTR_ERROR_TYPE } from '@opentelemetry/semantic-conventions';

/** Where every call of `withinSpan` is told of when it ends, as a `CloudCall`: for metrics, which count without sampling. */
export const CLOUD_CALLS = 'agentworks:cloud-call';

/** One call that has ended. `attributes` are those its span began with. */
export type CloudCall = {
  attributes: Attributes;
  durationMs: number;
  /** Class of the error it failed with. */
  errorType?: string;
};

const calls = channel(CLOUD_CALLS);

/**
 * Runs what calls the outside world within a span that ends with it. An error is written down by its class, or the code of
 * an `AppError`, and passed on unchanged; its text stays out, because services repeat what they were sent. Where no tracing is
 * registered this is a call of `work` and little else.
 */
export function withinSpan<T>(
  name: string,
  options: SpanOptions & { attributes: Attributes },
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const tracer = trace.getTracer('agentworks-observability/cloud');
  return tracer.startActiveSpan(name, options, async (span) => {
    const startedAt = performance.now();
    let errorType: string | undefined;
    try {
      return await work(span);
    } catch (error) {
      errorType = errorTypeOf(error);
      span.setAttribute(ATTR_ERROR_TYPE, errorType);
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
      if (calls.hasSubscribers) {
        const durationMs = performance.now() - startedAt;
        const call: CloudCall = { attributes: options.attributes, durationMs };
        calls.publish(errorType === undefined ? call : { ...call, errorType });
      }
    }
  });
}

function errorTypeOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  if (typeof code === 'string') return code;
  return typeof name === 'string' ? name : 'Error';
}
