import type { OtlpEncoding } from '../../src/otlp/decode.ts';
import type { OtlpReceipt } from '../../src/otlp/intake.ts';
import { encodeMessage } from '../../src/otlp/messages.ts';
import type { RejectedSpan } from '../../src/otlp/read-spans.ts';
import type { errorBody } from './errors.ts';

const MAX_REASONS = 20;
const MAX_MESSAGE = 4_000;

/** google.rpc.Code by the status of the answer. */
const RPC_CODES: Record<number, number> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  413: 3,
  415: 3,
  429: 8,
  503: 14,
};
const RPC_INTERNAL = 13;

/** What OTLP/HTTP answers when spans were taken: nothing, or which of them were not, and why. */
export function successBody(
  encoding: OtlpEncoding,
  rejected: readonly RejectedSpan[],
  {
    refused,
    assumedTraces,
    crowdedTraces,
  }: Pick<OtlpReceipt, 'refused' | 'assumedTraces' | 'crowdedTraces'>,
): Buffer {
  const reasons = [
    ...rejected.map(({ path, reason }) => ({ where: path, reason })),
    ...refused.map(({ span, reason }) => ({
      where: `span ${span.spanId} of trace ${span.traceId}`,
      reason,
    })),
  ];
  const texts = grouped(reasons);
  if (assumedTraces.length > 0) {
    texts.push(
      `Earlier spans of ${count(assumedTraces.length, 'trace')} are not remembered; what lies within what was told ` +
        `by time (${assumedTraces.slice(0, MAX_REASONS).join(', ')}).`,
    );
  }
  if (crowdedTraces.length > 0) {
    texts.push(
      `More spans of ${count(crowdedTraces.length, 'trace')} came than are remembered; their model calls cost, assumed to ` +
        `contain no others (${crowdedTraces.slice(0, MAX_REASONS).join(', ')}).`,
    );
  }
  if (texts.length === 0) return encode(encoding, 'ExportTraceServiceResponse', {});
  return encode(encoding, 'ExportTraceServiceResponse', {
    partialSuccess: {
      // Protobuf's JSON writes 64-bit numbers as texts.
      rejectedSpans: String(reasons.length),
      errorMessage: texts.join(' ').slice(0, MAX_MESSAGE).toWellFormed(),
    },
  });
}

/**
 * What OTLP/HTTP answers when a request failed: a google.rpc.Status. In JSON it stands beside the error that every other
 * route answers with.
 */
export function failureBody(
  encoding: OtlpEncoding,
  status: number,
  body: ReturnType<typeof errorBody>,
): Buffer {
  const details = body.error.details.map(({ field, reason }) => ` ${field}: ${reason}.`).join('');
  const code = RPC_CODES[status] ?? RPC_INTERNAL;
  const message = body.error.message + details;
  if (encoding === 'application/json') {
    return Buffer.from(JSON.stringify({ code, message, ...body }));
  }
  return encode(encoding, 'RpcStatus', { code, message });
}

/** One sentence per reason, with the first of those it is about. */
function grouped(reasons: readonly { where: string; reason: string }[]): string[] {
  const byReason = Map.groupBy(reasons, ({ reason }) => reason);
  return [...byReason]
    .slice(0, MAX_REASONS)
    .map(
      ([reason, those]) =>
        `Rejected ${count(those.length, 'span')}: ${reason} (${those[0]!.where}).`,
    );
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function encode(
  encoding: OtlpEncoding,
  message: Parameters<typeof encodeMessage>[0],
  value: object,
): Buffer {
  return encoding === 'application/json'
    ? Buffer.from(JSON.stringify(value))
    : Buffer.from(encodeMessage(message, value));
}
