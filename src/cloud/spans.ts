import { type Span, type SpanOptions, SpanStatusCode, trace } from '@opentelemetry/api';
import { ATTR_ERROR_TYPE } from '@opentelemetry/semantic-conventions';

/**
 * Runs what calls the outside world within a span that ends with it. An error is written down by its class, with the code of
 * an `AppError`, and passed on unchanged; its text stays out, because services repeat what they were sent. Where no tracing is
 * registered this is a call of `work` and nothing else.
 */
export function withinSpan<T>(
  name: string,
  options: SpanOptions,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const tracer = trace.getTracer('agentworks-observability/cloud');
  return tracer.startActiveSpan(name, options, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      const { code, name: className } = (error ?? {}) as { code?: unknown; name?: unknown };
      span.setAttribute(ATTR_ERROR_TYPE, String(typeof code === 'string' ? code : className));
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}
