/** How Slack or a webhook misbehaves: an answer other than the usual one, or one that comes late. */
export type HttpFault = {
  /** Answered instead of taking the message. Absent: the message is taken. */
  status?: number;
  /** The `Retry-After` header of that answer. */
  retryAfterSeconds?: number;
  /** Between storing the message, if it is, and the answer. */
  delayMs?: number;
  /** How often; absent: until the faults are removed. */
  times?: number;
};

/** How the mail server misbehaves. */
export type SmtpFault = {
  /** Turns connections away with 421. */
  refuse?: boolean;
  /** Code that a whole mail is refused with, e.g. 451. */
  failDataWith?: number;
  /** Between storing the mail, if it is, and the answer. */
  delayMs?: number;
  times?: number;
};

export type Faults = { slack?: HttpFault; webhook?: HttpFault; smtp?: SmtpFault };
export type FaultTable = ReturnType<typeof createFaultTable>;

const NUMBERS: Record<string, [min: number, max: number]> = {
  status: [400, 599],
  failDataWith: [400, 599],
  retryAfterSeconds: [0, 3_600],
  delayMs: [0, 600_000],
  times: [1, 1_000_000],
};
const FIELDS: Record<keyof Faults, readonly string[]> = {
  slack: ['status', 'retryAfterSeconds', 'delayMs', 'times'],
  webhook: ['status', 'retryAfterSeconds', 'delayMs', 'times'],
  smtp: ['refuse', 'failDataWith', 'delayMs', 'times'],
};

/** The faults in force now. A fault with `times` is gone once it was taken that often. */
export function createFaultTable() {
  let faults: Faults = {};
  return {
    get current(): Faults {
      return faults;
    },
    /** Replaces all faults. */
    set(next: Faults): void {
      faults = structuredClone(next);
    },
    /** The fault to commit now, if there is one; counts as committed. */
    take<K extends keyof Faults>(kind: K): Faults[K] {
      const fault = faults[kind];
      if (fault?.times !== undefined) {
        fault.times -= 1;
        if (fault.times === 0) delete faults[kind];
      }
      return fault;
    },
  };
}

/** Reads the body of `PUT /faults`; the reason, in words, when it is not one. */
export function parseFaults(body: unknown): { faults: Faults } | { reason: string } {
  if (!isObject(body)) return { reason: 'The faults must be a JSON object' };
  for (const [kind, fault] of Object.entries(body)) {
    const fields = FIELDS[kind as keyof Faults];
    if (!Object.hasOwn(FIELDS, kind) || fields === undefined) {
      return { reason: `${kind}: there are faults of ${Object.keys(FIELDS).join(', ')} only` };
    }
    if (!isObject(fault)) return { reason: `${kind} must be an object` };
    for (const [field, value] of Object.entries(fault)) {
      const at = `${kind}.${field}`;
      if (!fields.includes(field)) return { reason: `${at}: known are ${fields.join(', ')}` };
      if (field === 'refuse') {
        if (typeof value !== 'boolean') return { reason: `${at} must be true or false` };
        continue;
      }
      const [min, max] = NUMBERS[field]!;
      if (!Number.isInteger(value) || Number(value) < min || Number(value) > max) {
        return { reason: `${at} must be a whole number from ${min} to ${max}` };
      }
    }
  }
  return { faults: body as Faults };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
