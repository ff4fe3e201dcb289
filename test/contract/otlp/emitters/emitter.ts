import type { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

/** A model call as its provider bills it: `input` with what was cached, `output` with reasoning. */
export type BilledCall = {
  provider: string;
  model: string;
  input: number;
  output?: number;
  cacheRead?: number;
  cacheWrite?: number;
  reasoning?: number;
};

/** What an emitter did, told by what it asked for and not by its spans. */
export type Emitted = {
  billed: BilledCall[];
  /** Calls that succeeded without anybody saying what they used. */
  untold?: number;
};

/** Something that makes spans the way a library does; `openaiUrl` answers like OpenAI's API. */
export type Emitter = (world: {
  provider: NodeTracerProvider;
  openaiUrl: string;
}) => Promise<Emitted>;
