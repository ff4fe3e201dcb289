/** One thing wrong with an input: where (index in a batch, field path) and why, in words for the sender. */
export type FieldError = { index?: number; field: string; reason: string };

export type AppErrorOptions = {
  /** Stable, lower snake case, e.g. `invalid_argument`; callers branch on this, never on the text. */
  code: string;
  /** For logs and operators; may name internals. */
  message: string;
  /** For whoever sent the request; defaults to `message`, so give one where `message` names internals. */
  publicMessage?: string;
  /** Whether the same call may succeed later without a change. Default false. */
  retryable?: boolean;
  details?: FieldError[];
  cause?: unknown;
};

/** The one error type that crosses rooms: a code to branch on, a text that may be shown, and whether to try again. */
export class AppError extends Error {
  readonly code: string;
  readonly publicMessage: string;
  readonly retryable: boolean;
  readonly details: FieldError[];

  constructor(options: AppErrorOptions) {
    super(options.message, { cause: options.cause });
    this.name = 'AppError';
    this.code = options.code;
    this.publicMessage = options.publicMessage ?? options.message;
    this.retryable = options.retryable ?? false;
    this.details = options.details ?? [];
  }
}

/** The text of anything that was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
