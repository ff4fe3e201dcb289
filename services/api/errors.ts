import type { FastifyError, FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { TLocalizedValidationError } from 'typebox/error';
import { AppError, type FieldError } from '../../src/core/errors.ts';
import { schemaFieldErrors } from '../../src/core/schema-words.ts';
import type { Logger } from '../../src/telemetry/logging.ts';

/** The body of every answer that is not a success. */
export const ErrorSchema = Type.Object(
  {
    error: Type.Object({
      code: Type.String({ description: 'Stable; branch on this.' }),
      message: Type.String(),
      details: Type.Array(
        Type.Object({
          index: Type.Optional(Type.Integer({ description: 'Position in the batch, from 0.' })),
          field: Type.String(),
          reason: Type.String(),
        }),
      ),
    }),
  },
  { description: 'What was wrong.' },
);

/** The responses that any route may give besides its own. */
export const errorResponses = { '4xx': ErrorSchema, '5xx': ErrorSchema };

const STATUS: Record<string, number> = {
  invalid_argument: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  payload_too_large: 413,
  unsupported_media_type: 415,
  rate_limited: 429,
  internal: 500,
  unavailable: 503,
};

/** What does not exist and what belongs to another tenant are answered with these very words. */
export function notFound(details: FieldError[] = []): AppError {
  return new AppError({ code: 'not_found', message: 'Not found.', details });
}

/** An input that cannot be accepted, with every field at fault. */
export function invalidArgument(message: string, details: FieldError[]): AppError {
  return new AppError({ code: 'invalid_argument', message, details });
}

/** Makes every error of a server, fastify's own included, an `ErrorSchema` answer; unexpected ones are logged. */
export function installErrors(
  app: Pick<FastifyInstance, 'setErrorHandler' | 'setNotFoundHandler'>,
  log: Logger,
): void {
  app.setErrorHandler<FastifyError | AppError>((error, request, reply) => {
    const { status, headers, body } = answerOf(error, request, log);
    return reply.code(status).headers(headers).type('application/json').send(body);
  });
  app.setNotFoundHandler((_request, reply) => reply.code(404).send(errorBody(notFound())));
}

/** What is answered to an error; an unexpected one is logged. */
export function answerOf(error: FastifyError | AppError, request: FastifyRequest, log: Logger) {
  const known = toAppError(error);
  const status = STATUS[known.code] ?? 500;
  if (status >= 500) {
    const fields = { method: request.method, route: request.routeOptions.url, error };
    if (status === 503) log.warn('request could not be served', fields);
    else log.error('request failed', fields);
  }
  const headers: Record<string, string> = {};
  if (status === 401) headers['www-authenticate'] = 'Bearer';
  if (status === 503) headers['retry-after'] = '1';
  return { status, headers, body: errorBody(known) };
}

/** An error as the JSON that is sent. */
export function errorBody({ code, publicMessage, details }: AppError) {
  return { error: { code, message: publicMessage, details } };
}

function toAppError(error: FastifyError | AppError): AppError {
  if (error instanceof AppError) {
    if (error.code in STATUS) return error;
    const { message, retryable, publicMessage } = error;
    // A code of an inner room: the sender learns whether to try again, not what is inside.
    return retryable
      ? new AppError({ code: 'unavailable', message, publicMessage, cause: error })
      : internal(error);
  }
  if (error.validation !== undefined) {
    const context = error.validationContext === 'querystring' ? 'query' : error.validationContext;
    const details = schemaFieldErrors(
      error.validation as TLocalizedValidationError[],
      context ?? 'body',
    );
    return invalidArgument('The request is not valid.', details);
  }
  switch (error.statusCode) {
    case 413:
      return new AppError({ code: 'payload_too_large', message: 'The body is too large.' });
    case 415:
      return new AppError({ code: 'unsupported_media_type', message: 'Send application/json.' });
    case 400:
      return invalidArgument('The request could not be read.', [
        { field: 'body', reason: error.message },
      ]);
  }
  return internal(error);
}

function internal(cause: Error): AppError {
  const publicMessage = 'Something went wrong on our side.';
  return new AppError({ code: 'internal', message: cause.message, publicMessage, cause });
}
