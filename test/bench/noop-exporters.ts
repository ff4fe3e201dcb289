import type { PushMetricExporter } from '@opentelemetry/sdk-metrics';
import type { SpanExporter } from '@opentelemetry/sdk-trace-node';

const SUCCESS = 0;

/** Takes metrics and does nothing with them: what is measured is the recording. */
export const createNoopMetricExporter = (): PushMetricExporter => ({
  export: (_metrics, done) => done({ code: SUCCESS }),
  forceFlush: async () => undefined,
  shutdown: async () => undefined,
});

/** Takes spans and does nothing with them. */
export const createNoopSpanExporter = (): SpanExporter => ({
  export: (_spans, done) => done({ code: SUCCESS }),
  shutdown: async () => undefined,
});
