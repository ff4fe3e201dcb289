import { errorMessage } from '../core/errors.ts';
import { decodeRequest } from './messages.ts';
import { OtlpReadError } from './read-fields.ts';
import { type ReadSpans, readSpans } from './read-spans.ts';

/** Larger than any SDK's batch (512 by default; collectors send up to 8,192), and bounded. */
export const MAX_SPANS_PER_REQUEST = 10_000;

/** The media types of OTLP/HTTP; an answer has its request's. */
export type OtlpEncoding = 'application/x-protobuf' | 'application/json';

export type DecodedTraces =
  | ({ kind: 'decoded' } & ReadSpans)
  | {
      kind: 'refused';
      reason: 'unsupported-content-type' | 'malformed' | 'too-many-spans';
      /** What is wrong, for whoever sent it. */
      message: string;
    };

/** The media type of a request without its parameters, where OTLP/HTTP knows it. */
export function otlpEncodingOf(contentType: string): OtlpEncoding | undefined {
  const mediaType = contentType.split(';', 1)[0]!.trim().toLowerCase();
  return mediaType === 'application/x-protobuf' || mediaType === 'application/json'
    ? mediaType
    : undefined;
}

/**
 * Reads the body of an OTLP/HTTP trace request, already unzipped: an ExportTraceServiceRequest in protobuf or JSON becomes
 * its spans, in their order. Fields that nobody knows are skipped, as OTLP asks of receivers; a span without valid ids or
 * with more than can be kept is rejected alone. Never throws.
 */
export function decodeTraces(body: Uint8Array, contentType: string): DecodedTraces {
  const encoding = otlpEncodingOf(contentType);
  if (encoding === undefined) {
    return refused('unsupported-content-type', 'Send application/x-protobuf or application/json.');
  }
  const isJson = encoding === 'application/json';
  let request: unknown;
  try {
    request = isJson
      ? JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
      : decodeRequest(body);
  } catch (error) {
    const format = isJson ? 'JSON' : 'protobuf';
    return refused('malformed', `The body is not a request in ${format}: ${errorMessage(error)}`);
  }
  try {
    return { kind: 'decoded', ...readSpans(request, MAX_SPANS_PER_REQUEST) };
  } catch (error) {
    if (error instanceof OtlpReadError) return refused(error.reason, error.message);
    throw error;
  }
}

function refused(
  reason: Extract<DecodedTraces, { kind: 'refused' }>['reason'],
  message: string,
): DecodedTraces {
  return { kind: 'refused', reason, message };
}
