import { AppError, errorMessage, type FieldError } from '../core/errors.ts';
import { isRetryableStatus, retryAfterMs } from '../core/http-retry.ts';

/**
 * How one attempt to hand over a batch ended.
 * `acknowledged`: the other side has every event. `retry`: the outcome is bad or unknown, and sending the same
 * events again is safe because their ids stay the same; `afterMs` is the wait the other side asked for.
 * `refused`: sending them again cannot help; `details[].index`, where given, names the events at fault.
 */
export type DeliveryOutcome =
  | { kind: 'acknowledged' }
  | { kind: 'retry'; reason: string; afterMs?: number }
  | { kind: 'refused'; reason: string; details: FieldError[] };

/** Where a cost reporter's batches go. `send` takes the JSON text `{"events":[…]}` and never rejects. */
export type Delivery = {
  send(body: string): Promise<DeliveryOutcome>;
  /** Releases connections; a second call does nothing. */
  close(): Promise<void>;
};

const REQUEST_TIMEOUT_MS = 10_000;

/**
 * Delivery by `POST {url}/v1/cost-events`. Acknowledged means the API has published the events.
 * Timeouts, connection errors, 408, 425, 429 (with its Retry-After) and 5xx are worth another try; any other
 * answer is a refusal.
 */
export function createHttpDelivery(options: { url: string; apiKey: string }): Delivery {
  const endpoint = `${options.url.replace(/\/+$/, '')}/v1/cost-events`;
  const headers = {
    authorization: `Bearer ${options.apiKey}`,
    'content-type': 'application/json',
  };
  return {
    async send(body) {
      try {
        const response = await fetch(endpoint, {
          method: 'POST',
          headers,
          body,
          redirect: 'error',
          signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
        });
        const text = await response.text();
        if (response.ok) return { kind: 'acknowledged' };
        const { reason, details } = readError(response.status, text);
        if (isRetryableStatus(response.status)) {
          return { kind: 'retry', reason, afterMs: retryAfterMs(response.headers, Date.now()) };
        }
        return { kind: 'refused', reason, details };
      } catch (error) {
        const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
        return { kind: 'retry', reason: errorMessage(cause) };
      }
    },
    close: async () => {},
  };
}

/** The part of a Pub/Sub publisher that a delivery needs; `publish` resolves once Pub/Sub has the message. */
export type MessagePublisher = {
  publish(data: Buffer): Promise<unknown>;
  close(): Promise<void>;
};

/**
 * Delivery of each batch as one Pub/Sub message. `connect` is called at the first batch, so that a process that
 * reports by HTTP never loads Google's client. An `AppError` that is not retryable is a refusal; every other
 * failure is worth another try.
 */
export function createPubSubDelivery(connect: () => Promise<MessagePublisher>): Delivery {
  let connection: Promise<MessagePublisher> | undefined;
  return {
    async send(body) {
      try {
        connection ??= connect();
        const publisher = await connection;
        await publisher.publish(Buffer.from(body));
        return { kind: 'acknowledged' };
      } catch (error) {
        const reason = errorMessage(error);
        if (error instanceof AppError && !error.retryable) {
          return { kind: 'refused', reason, details: error.details };
        }
        return { kind: 'retry', reason };
      }
    },
    async close() {
      const open = connection;
      connection = undefined;
      await (await open?.catch(() => undefined))?.close();
    },
  };
}

function readError(status: number, text: string): { reason: string; details: FieldError[] } {
  try {
    const { error } = JSON.parse(text) as {
      error: { code: string; message: string; details?: FieldError[] };
    };
    return {
      reason: `HTTP ${status} ${error.code}: ${error.message}`,
      details: error.details ?? [],
    };
  } catch {
    return { reason: `HTTP ${status}`, details: [] };
  }
}
