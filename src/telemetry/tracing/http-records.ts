/** One request that this process answered. Sizes are of bodies, in bytes, where their length is known. */
export type HttpServerRecord = {
  method: string;
  /** The route's pattern, `/v1/workspaces/:id`; absent where no route took the request. */
  route?: string | undefined;
  status: number;
  durationMs: number;
  requestBytes?: number | undefined;
  responseBytes?: number | undefined;
};

/** One request that this process made, by `node:http` or `fetch`. */
export type HttpClientRecord = {
  method: string;
  /** Host name without port. */
  host: string;
  /** Absent when no answer came. */
  status?: number | undefined;
  durationMs: number;
  requestBytes?: number | undefined;
  responseBytes?: number | undefined;
};

/** Marks the requests by which a process looks whether it is instrumented; they are not recorded. */
export const SELF_TEST_HEADER = 'x-agentworks-self-test';

/** A `content-length` as a number of bytes. */
export function lengthOf(header: unknown): number | undefined {
  if (header === undefined || header === null || header === '') return undefined;
  const length = Number(header);
  return Number.isSafeInteger(length) && length >= 0 ? length : undefined;
}
