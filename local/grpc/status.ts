import { Metadata, status } from '@grpc/grpc-js';

/** An answer other than OK. `statusDetails` is an encoded `google.rpc.Status`, which clients decode from the trailers. */
export class GrpcStatus extends Error {
  readonly code: status;
  readonly statusDetails: Uint8Array | undefined;

  constructor(code: status, message: string, statusDetails?: Uint8Array) {
    super(message);
    this.name = 'GrpcStatus';
    this.code = code;
    this.statusDetails = statusDetails;
  }
}

/** INVALID_ARGUMENT with the given text. */
export function invalidArgument(message: string): GrpcStatus {
  return new GrpcStatus(status.INVALID_ARGUMENT, message);
}

/** What gRPC is to answer for anything thrown: a {@link GrpcStatus} as it is, all else INTERNAL. */
export function toServiceError(error: unknown): {
  code: status;
  details: string;
  metadata?: Metadata;
} {
  if (!(error instanceof GrpcStatus)) {
    const details = error instanceof Error ? error.message : String(error);
    return { code: status.INTERNAL, details };
  }
  if (error.statusDetails === undefined) return { code: error.code, details: error.message };
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(error.statusDetails));
  return { code: error.code, details: error.message, metadata };
}
