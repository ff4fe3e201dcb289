import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { FastifyError, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { AppError } from '../../../src/core/errors.ts';
import { decodeTraces, type OtlpEncoding, otlpEncodingOf } from '../../../src/otlp/decode.ts';
import type { OtlpIntake, OtlpReceipt } from '../../../src/otlp/intake.ts';
import type { Logger } from '../../../src/telemetry/logging.ts';
import { type ApiApp, principalOf } from '../app.ts';
import { answerOf, ErrorSchema, invalidArgument } from '../errors.ts';
import { failureBody, successBody } from '../otlp-answer.ts';

export type OtlpDeps = { otlp: Pick<OtlpIntake, 'accept'>; log: Logger };

/** Spans are larger than cost events: prompts may be in them. */
const BODY_FACTOR = 4;
const inflate = promisify(gunzip);

/**
 * OTLP/HTTP for traces, in protobuf and JSON, gzip or not. Its answers have the request's encoding; 200 comes when every cost
 * event that follows from the spans is with Pub/Sub, and after anything else the same spans may be sent again.
 */
export function registerOtlpRoutes(
  app: ApiApp,
  deps: OtlpDeps,
  { maxBodyBytes }: { maxBodyBytes: number },
): void {
  const { otlp, log } = deps;
  const maxBytes = maxBodyBytes * BODY_FACTOR;

  app.register(async (scope: ApiApp) => {
    // Bodies are read here, whatever they say they are: what is wrong with them is answered in OTLP's way.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      '*',
      { parseAs: 'buffer', bodyLimit: maxBytes },
      (_request, body, done) => done(null, body),
    );
    scope.setErrorHandler<FastifyError | AppError>((error, request, reply) => {
      const { status, headers, body } = answerOf(error, request, log);
      const encoding = encodingOf(request) ?? 'application/json';
      return reply
        .code(status)
        .headers(headers)
        .type(encoding)
        .send(failureBody(encoding, status, body));
    });

    scope.post(
      '/v1/traces',
      {
        bodyLimit: maxBytes,
        config: { access: { kind: 'any', role: 'ingest' } },
        schema: {
          summary: 'Send traces by OTLP/HTTP; their model calls become cost events',
          description:
            'An ExportTraceServiceRequest, in protobuf or JSON, gzip or not. Only model calls cost that contain no other. ' +
            'With a key of the platform the spans or their resource name the workspace in agentworks.workspace.id. ' +
            'After 429 or 503 send the same spans again: nothing counts twice.',
          tags: ['cost events'],
          consumes: ['application/x-protobuf', 'application/json'],
          produces: ['application/x-protobuf', 'application/json'],
          body: Type.Object({
            resourceSpans: Type.Array(Type.Any({ description: 'As in OTLP.' })),
          }),
          response: {
            200: Type.Object({
              partialSuccess: Type.Optional(
                Type.Object({
                  rejectedSpans: Type.String({ description: 'How many; the others were taken.' }),
                  errorMessage: Type.String({ description: 'Which, and why.' }),
                }),
              ),
            }),
            '4xx': FailureSchema,
            '5xx': FailureSchema,
          },
        },
        // The schema documents; the decoder checks, and says where something is wrong.
        validatorCompiler: () => () => true,
      },
      async (request, reply) => {
        const encoding = encodingOf(request);
        if (encoding === undefined) {
          throw unsupported('Send application/x-protobuf or application/json.');
        }
        const body = await unzipped(request, maxBytes);
        const decoded = decodeTraces(body, encoding);
        if (decoded.kind === 'refused') {
          throw decoded.reason === 'too-large'
            ? new AppError({ code: 'payload_too_large', message: decoded.message })
            : invalidArgument(decoded.message, []);
        }
        const { keyId, workspaceId } = principalOf(request);
        const receipt = await otlp.accept(decoded.spans, workspaceId);
        logReceipt(log, receipt, { keyId, rejected: decoded.rejected.length });
        const answer = successBody(encoding, decoded.rejected, receipt);
        // The schema says what is in these bytes.
        return reply.type(encoding).send(answer as never);
      },
    );
  });
}

const FailureSchema = Type.Object(
  {
    code: Type.Integer({ description: 'Of google.rpc.Code.' }),
    message: Type.String(),
    ...ErrorSchema.properties,
  },
  {
    description:
      'A google.rpc.Status, as OTLP asks for; in JSON with the error of every other route.',
  },
);

function encodingOf(request: FastifyRequest): OtlpEncoding | undefined {
  return otlpEncodingOf(request.headers['content-type'] ?? '');
}

/** The body as it was before it was sent; throws when that is none, or larger than is taken. */
async function unzipped(request: FastifyRequest, maxBytes: number): Promise<Uint8Array> {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const coding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (coding === 'identity') return body;
  if (coding !== 'gzip') throw unsupported('Send the body plain or with Content-Encoding: gzip.');
  try {
    return await inflate(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      const message = `The body has more than ${maxBytes} bytes when inflated.`;
      throw new AppError({ code: 'payload_too_large', message });
    }
    throw invalidArgument('The body is not gzip.', []);
  }
}

function unsupported(message: string): AppError {
  return new AppError({ code: 'unsupported_media_type', message });
}

/** What costs come of is told where there are any, and what they could not be told of. */
function logReceipt(log: Logger, receipt: OtlpReceipt, from: { keyId: string; rejected: number }) {
  const { refused, assumedTraces, crowdedTraces, ...counts } = receipt;
  const rejected = from.rejected + refused.length;
  const isQuiet = counts.charged + counts.reported + counts.retracted + rejected === 0;
  const inPart = rejected + assumedTraces.length + crowdedTraces.length;
  if (isQuiet && inPart === 0) return;
  const assumed = { assumedTraces: assumedTraces.length, crowdedTraces: crowdedTraces.length };
  const fields = { ...counts, keyId: from.keyId, rejected, ...assumed };
  if (inPart === 0) log.info('traces taken', fields);
  else log.warn('traces taken in part', { ...fields, reason: refused[0]?.reason });
}
