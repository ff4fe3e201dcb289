import { errorMessage } from '../core/errors.ts';
import { measureJson, measureProtobuf } from './measure.ts';
import { decodeRequest } from './messages.ts';
import { OtlpReadError } from './read-fields.ts';
import { type ReadSpans, readSpans } from './read-spans.ts';

/** The media types of OTLP/HTTP; an answer has its request's. */
export type OtlpEncoding = 'application/x-protobuf' | 'application/json';

export type DecodedTraces =
  | ({ kind: 'decoded' } & ReadSpans)
  | {
      kind: 'refused';
      reason: 'unsupported-content-type' | 'malformed' | 'too-large';
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
 * with more than can be kept is rejected alone. What it costs is bounded before it is decoded. Never throws.
 */
export function decodeTraces(body: Uint8Array, contentType: string): DecodedTraces {
  const encoding = otlpEncodingOf(contentType);
  if (encoding === undefined) {
    return refused('unsupported-content-type', 'Send application/x-protobuf or application/json.');
  }
  const isJson = encoding === 'application/json';
  let request: unknown;
  try {
    // What it would become is known before it does.
    if (isJson) measureJson(body);
    else measureProtobuf(body);
    request = isJson
      ? JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
      : decodeRequest(body);
  } catch (error) {
    if (error instanceof OtlpReadError && error.reason === 'too-large') {
      return refused('too-large', error.message);
    }
    const format = isJson ? 'JSON' : 'protobuf';
    return refused('malformed', `The body is not a request in ${format}: ${errorMessage(error)}`);
  }
  try {
    return { kind: 'decoded', ...readSpans(request) };
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
