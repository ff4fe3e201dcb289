/** One entry of the `errors` array of a BigQuery error body. */
export type ErrorDetail = {
  domain: string;
  reason: string;
  message: string;
  location?: string;
  locationType?: string;
};

const STATUS_BY_REASON: Record<string, { code: number; status: string }> = {
  invalid: { code: 400, status: 'INVALID_ARGUMENT' },
  invalidQuery: { code: 400, status: 'INVALID_ARGUMENT' },
  required: { code: 400, status: 'INVALID_ARGUMENT' },
  parseError: { code: 400, status: 'INVALID_ARGUMENT' },
  resourceInUse: { code: 400, status: 'FAILED_PRECONDITION' },
  notFound: { code: 404, status: 'NOT_FOUND' },
  methodNotAllowed: { code: 405, status: 'INVALID_ARGUMENT' },
  duplicate: { code: 409, status: 'ALREADY_EXISTS' },
  conditionNotMet: { code: 412, status: 'FAILED_PRECONDITION' },
  requestTooLarge: { code: 413, status: 'INVALID_ARGUMENT' },
  stopped: { code: 400, status: 'CANCELLED' },
  notImplemented: { code: 501, status: 'UNIMPLEMENTED' },
  internalError: { code: 500, status: 'INTERNAL' },
};

/** A refusal with the reason BigQuery would give; the HTTP status follows from the reason. */
export class BigQueryError extends Error {
  readonly reason: string;
  readonly location: string | undefined;

  constructor(reason: string, message: string, location?: string) {
    super(message);
    this.name = 'BigQueryError';
    this.reason = reason;
    this.location = location;
  }

  get code(): number {
    return STATUS_BY_REASON[this.reason]?.code ?? 400;
  }

  /** The body the REST API answers with: `{error: {code, message, errors, status}}`. */
  toBody(): object {
    const detail: ErrorDetail = { domain: 'global', reason: this.reason, message: this.message };
    if (this.location !== undefined) {
      detail.location = this.location;
      detail.locationType = 'other';
    }
    return {
      error: {
        code: this.code,
        message: this.message,
        errors: [detail],
        status: STATUS_BY_REASON[this.reason]?.status ?? 'INVALID_ARGUMENT',
      },
    };
  }

  /** The form of the error inside a job's `status.errorResult`. */
  toErrorProto(): { reason: string; message: string; location?: string } {
    return {
      reason: this.reason,
      message: this.message,
      ...(this.location === undefined ? {} : { location: this.location }),
    };
  }
}

/** 404 with Google's text, e.g. `Not found: Table p:d.t`. */
export function notFound(kind: 'Project' | 'Dataset' | 'Table' | 'Job', name: string) {
  return new BigQueryError('notFound', `Not found: ${kind} ${name}`);
}

/** 409 with Google's text, e.g. `Already Exists: Table p:d.t`. */
export function alreadyExists(kind: 'Dataset' | 'Table' | 'Job', name: string) {
  return new BigQueryError('duplicate', `Already Exists: ${kind} ${name}`);
}

/** 400 `invalid`: the request itself is wrong. */
export function invalid(message: string, location?: string) {
  return new BigQueryError('invalid', message, location);
}

/** 400 `invalidQuery`: the SQL is wrong or refers to what is not there. */
export function invalidQuery(message: string) {
  return new BigQueryError('invalidQuery', message, 'query');
}

/** 400 `invalidQuery` naming a part of GoogleSQL that this endpoint does not have. */
export function unsupported(what: string) {
  return invalidQuery(`${what} is not supported by the local BigQuery endpoint`);
}

/** Text of anything thrown; not by `instanceof`, because native modules throw errors of another realm under Jest. */
export function messageOf(error: unknown): string {
  const { message } = (error ?? {}) as { message?: unknown };
  return typeof message === 'string' ? message : String(error);
}
