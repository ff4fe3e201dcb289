/** Codes of google.rpc.Status by name, and the HTTP status a REST answer has with them. */
const CODES = {
  CANCELLED: { code: 1, http: 499 },
  UNKNOWN: { code: 2, http: 500 },
  INVALID_ARGUMENT: { code: 3, http: 400 },
  DEADLINE_EXCEEDED: { code: 4, http: 504 },
  NOT_FOUND: { code: 5, http: 404 },
  ALREADY_EXISTS: { code: 6, http: 409 },
  PERMISSION_DENIED: { code: 7, http: 403 },
  RESOURCE_EXHAUSTED: { code: 8, http: 429 },
  FAILED_PRECONDITION: { code: 9, http: 400 },
  UNIMPLEMENTED: { code: 12, http: 501 },
  INTERNAL: { code: 13, http: 500 },
  UNAVAILABLE: { code: 14, http: 503 },
  UNAUTHENTICATED: { code: 16, http: 401 },
} as const;

export type StatusName = keyof typeof CODES;
/** google.rpc.Status as JSON: a success has no code. */
export type RpcStatus = { code?: number; message?: string };

/** A refusal of the scheduler's API. */
export class SchedulerError extends Error {
  readonly status: StatusName;

  constructor(status: StatusName, message: string) {
    super(message);
    this.name = 'SchedulerError';
    this.status = status;
  }

  get httpStatus(): number {
    return CODES[this.status].http;
  }

  /** The body Google's REST APIs answer with. */
  toBody(): object {
    return { error: { code: this.httpStatus, message: this.message, status: this.status } };
  }
}

export const invalid = (message: string) => new SchedulerError('INVALID_ARGUMENT', message);

/** 501 naming a part of Cloud Scheduler that this endpoint does not have. */
export const unsupported = (what: string) =>
  new SchedulerError('UNIMPLEMENTED', `${what} is not supported by the local Cloud Scheduler`);

/** What a job's `status` says of an attempt that failed. */
export function rpcStatus(name: StatusName, message: string): RpcStatus {
  return { code: CODES[name].code, message };
}

/** What a job's `status` says of a target's answer: any 2xx is a success. */
export function statusOfAnswer(httpStatus: number): RpcStatus {
  if (httpStatus >= 200 && httpStatus < 300) return {};
  const text = `The target answered HTTP ${httpStatus}`;
  const byHttp: Record<number, StatusName> = {
    400: 'INVALID_ARGUMENT',
    401: 'UNAUTHENTICATED',
    403: 'PERMISSION_DENIED',
    404: 'NOT_FOUND',
    429: 'RESOURCE_EXHAUSTED',
    499: 'CANCELLED',
    501: 'UNIMPLEMENTED',
    503: 'UNAVAILABLE',
    504: 'DEADLINE_EXCEEDED',
  };
  return rpcStatus(byHttp[httpStatus] ?? (httpStatus >= 500 ? 'INTERNAL' : 'UNKNOWN'), text);
}
