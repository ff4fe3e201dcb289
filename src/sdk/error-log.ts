import { errorMessage } from '../core/errors.ts';

/** The same error is told once in this time: an endpoint that is away would fill the log. */
const QUIET_MS = 60_000;
const MAX_MESSAGES = 100;

/** Tells of each error at most once a minute, by its message. */
export function createErrorLog(options: {
  tell: (message: string) => void;
  /** Epoch ms. */
  now: () => number;
}): (error: unknown) => void {
  const { tell, now } = options;
  const toldAt = new Map<string, number>();
  return (error) => {
    const message = errorMessage(error);
    const last = toldAt.get(message);
    if (last !== undefined && now() - last < QUIET_MS) return;
    if (toldAt.size >= MAX_MESSAGES) toldAt.clear();
    toldAt.set(message, now());
    tell(message);
  };
}
