import { AppError, type FieldError } from '../core/errors.ts';

/** What `ax` answers to its caller; `docs/cli.md` and `ax --help` name the same. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  unreachable: 4,
  interrupted: 130,
} as const;

const EXIT_BY_CODE: Record<string, number> = {
  invalid_input: EXIT.usage,
  invalid_argument: EXIT.usage,
  payload_too_large: EXIT.usage,
  unauthenticated: EXIT.refused,
  forbidden: EXIT.refused,
  not_found: EXIT.refused,
  no_api: EXIT.unreachable,
  unreachable: EXIT.unreachable,
  unavailable: EXIT.unreachable,
  rate_limited: EXIT.unreachable,
  interrupted: EXIT.interrupted,
};

/** The exit code for anything a command threw. */
export function exitCodeOf(error: unknown): number {
  return error instanceof AppError ? (EXIT_BY_CODE[error.code] ?? EXIT.failed) : EXIT.failed;
}

/** An input (option, file, row) that cannot be used, in words for whoever typed it. */
export function invalidInput(message: string, details: FieldError[] = []): AppError {
  return new AppError({ code: 'invalid_input', message, details });
}

/** The JSON document of a failed command under `--json`, in the form of the API's errors. */
export function errorDocument(error: unknown) {
  if (error instanceof AppError) {
    return { error: { code: error.code, message: error.message, details: error.details } };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { error: { code: 'failed', message, details: [] } };
}

/** A failure for people: what happened, then one line per detail. */
export function describeError(error: unknown): string {
  const { message, details } = errorDocument(error).error;
  const lines = details.map(({ index, field, reason }) => {
    const where = index === undefined ? field : `[${index}] ${field}`;
    return `  ${where}: ${reason}`;
  });
  return [`ax: ${message}`, ...lines].join('\n');
}
