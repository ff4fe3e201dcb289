import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Warehouse } from '../cloud/bigquery.ts';
import type { Redis } from '../cloud/redis.ts';
import { AppError } from '../core/errors.ts';
import { type NanoUsd, parseUsd } from '../core/money.ts';
import { DAY_MS, formatInstant, HOUR_MS, parseInstant } from '../core/time.ts';
import type { Severity } from './alert.ts';

/** What was spoken of last about a subject: the greatest amount, and the alert that spoke of it. */
export type Notice = { amountNanoUsd: NanoUsd; severity: Severity; raisedAtMs: number };

export type Notices = ReturnType<typeof createNotices>;

/** Longer than any budget's period. */
const REMEMBERED_MS = 40 * DAY_MS;
/** A copy is rebuilt from the ledger after this long even when nothing is known to be wrong with it. */
const COPY_MS = 12 * HOUR_MS;
const REBUILD_ATTEMPTS = 3;
const COMPLETE_FIELD = 'complete';
const AMOUNT_DIGITS = 30;

/** Keeps the greater amount of each subject. A copy that began without a rebuild must not live for ever either. */
const MERGE = `
local function merge(first)
  for i = first, #ARGV, 2 do
    local known = redis.call('HGET', KEYS[1], ARGV[i])
    if not known or string.sub(known, 1, ${AMOUNT_DIGITS}) < string.sub(ARGV[i + 1], 1, ${AMOUNT_DIGITS}) then
      redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
    end
  end
end
`;

const NOTE = `${MERGE}
merge(2)
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return 1
`;

/** The ticket was drawn before the ledger was read: if it is gone, so may be what was noted meanwhile. */
const INSTALL = `${MERGE}
if redis.call('HDEL', KEYS[1], ARGV[2]) == 0 then return 0 end
merge(3)
redis.call('HSET', KEYS[1], '${COMPLETE_FIELD}', '1')
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
`;

const TICKET = `
redis.call('HSET', KEYS[1], ARGV[2], '1')
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return 1
`;

/** The hash of a workspace's notices: `s/<subject>` → amount, severity and time. Subjects cannot meet other fields. */
export function noticesKey(workspaceId: string): string {
  return `notices:{${workspaceId}}`;
}

/**
 * What each workspace has been told of, per subject: the newest of it in Redis, all of it in the raised alerts of the
 * last 40 days, from which the copy is rebuilt when it is not whole.
 */
export function createNotices({
  redis,
  warehouse,
  now,
}: {
  redis: Redis;
  warehouse: Pick<Warehouse, 'query'>;
  /** Epoch milliseconds. */
  now: () => number;
}) {
  const sql = readFileSync(
    new URL('../../bigquery/queries/alert_notices.sql', import.meta.url),
    'utf8',
  );

  async function fromLedger(workspaceId: string): Promise<Map<string, Notice>> {
    const rows = await warehouse.query<{
      subject: string;
      amountUsd: string;
      severity: Severity;
      raisedAt: string;
    }>({
      sql,
      params: { workspaceId, from: formatInstant(now() - REMEMBERED_MS) },
      types: { workspaceId: 'STRING', from: 'TIMESTAMP' },
    });
    return new Map(
      rows.map(({ subject, amountUsd, severity, raisedAt }) => [
        subject,
        {
          amountNanoUsd: parseUsd(amountUsd),
          severity,
          raisedAtMs: parseInstant(raisedAt) ?? 0,
        },
      ]),
    );
  }

  return {
    /**
     * Every notice of the last 40 days by subject, those noted before this was called included. Without Redis the ledger
     * answers. Throws (retryable) when neither does.
     */
    async of(workspaceId: string): Promise<ReadonlyMap<string, Notice>> {
      const key = noticesKey(workspaceId);
      for (let attempt = 0; attempt < REBUILD_ATTEMPTS; attempt += 1) {
        const ticket = `ticket/${randomUUID()}`;
        const copy = await redis.hgetall(key).catch(() => undefined);
        if (copy === undefined) break;
        if (copy[COMPLETE_FIELD] !== undefined) return parseCopy(copy);
        try {
          await redis.eval(TICKET, 1, key, COPY_MS, ticket);
        } catch {
          break;
        }
        const notices = await fromLedger(workspaceId).catch(async (error: unknown) => {
          await redis.hdel(key, ticket).catch(() => {});
          throw error;
        });
        await redis
          .eval(INSTALL, 1, key, COPY_MS, ticket, ...[...notices].flatMap(fieldOf))
          .catch(() => {});
      }
      return fromLedger(workspaceId);
    },

    /**
     * Notes what a raised alert spoke of; a lesser amount than the known one changes nothing, so that a second call is
     * safe. Throws when Redis does not answer.
     */
    async note(workspaceId: string, subject: string, notice: Notice): Promise<void> {
      if (notice.amountNanoUsd < 0n) {
        throw new AppError({
          code: 'invalid_notice',
          message: `A notice of ${subject} speaks of ${notice.amountNanoUsd} nano-USD`,
        });
      }
      try {
        await redis.eval(NOTE, 1, noticesKey(workspaceId), COPY_MS, ...fieldOf([subject, notice]));
      } catch (error) {
        throw new AppError({
          code: 'notice_not_kept',
          message: `Redis did not take the notice of ${subject}`,
          publicMessage: 'The notice could not be kept.',
          retryable: true,
          cause: error,
        });
      }
    },
  };
}

/** Amounts are padded, so that Redis can compare them as text without rounding. */
function fieldOf([subject, notice]: [string, Notice]): [string, string] {
  const amount = notice.amountNanoUsd.toString().padStart(AMOUNT_DIGITS, '0');
  return [`s/${subject}`, `${amount}|${notice.severity}|${notice.raisedAtMs}`];
}

function parseCopy(copy: Record<string, string>): Map<string, Notice> {
  const notices = new Map<string, Notice>();
  for (const [field, text] of Object.entries(copy)) {
    if (!field.startsWith('s/')) continue;
    const [amount, severity, raisedAt] = text.split('|');
    notices.set(field.slice(2), {
      amountNanoUsd: BigInt(amount!),
      severity: severity as Severity,
      raisedAtMs: Number(raisedAt),
    });
  }
  return notices;
}
