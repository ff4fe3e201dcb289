import { status } from '@grpc/grpc-js';

/** An answer other than OK: a gRPC status code and the text the real service uses for it. */
export class PubSubStatus extends Error {
  readonly code: status;

  constructor(code: status, message: string) {
    super(message);
    this.name = 'PubSubStatus';
    this.code = code;
  }
}

/** INVALID_ARGUMENT with the given text. */
export function invalidArgument(message: string): PubSubStatus {
  return new PubSubStatus(status.INVALID_ARGUMENT, message);
}

/** INVALID_ARGUMENT in the words the service uses when it only names the field. */
export function invalidField(argument: string): PubSubStatus {
  return invalidArgument(
    `You have passed an invalid argument to the service (argument=${argument}).`,
  );
}

/** NOT_FOUND for a topic or subscription, given by its full name; the text carries the last segment only. */
export function notFound(resourceName: string): PubSubStatus {
  return new PubSubStatus(
    status.NOT_FOUND,
    `Resource not found (resource=${lastSegment(resourceName)}).`,
  );
}

/** ALREADY_EXISTS for a topic or subscription, given by its full name. */
export function alreadyExists(resourceName: string): PubSubStatus {
  return new PubSubStatus(
    status.ALREADY_EXISTS,
    `Resource already exists in the project (resource=${lastSegment(resourceName)}).`,
  );
}

/** UNIMPLEMENTED naming the RPC or field this local endpoint does not offer. */
export function unsupported(what: string): PubSubStatus {
  return new PubSubStatus(status.UNIMPLEMENTED, `${what} is not supported by the local Pub/Sub.`);
}

/** FAILED_PRECONDITION for pulling from a push subscription. */
export function notAPullSubscription(): PubSubStatus {
  return new PubSubStatus(
    status.FAILED_PRECONDITION,
    'This method is not supported for this subscription type.',
  );
}

/** What gRPC is to answer for anything thrown: a {@link PubSubStatus} as it is, all else INTERNAL. */
export function toServiceError(error: unknown): { code: status; details: string } {
  if (error instanceof PubSubStatus) return { code: error.code, details: error.message };
  return { code: status.INTERNAL, details: error instanceof Error ? error.message : String(error) };
}

function lastSegment(resourceName: string): string {
  return resourceName.slice(resourceName.lastIndexOf('/') + 1);
}
