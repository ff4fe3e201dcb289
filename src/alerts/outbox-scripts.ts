/**
 * Moves a delivery on to a later state; an earlier one changes nothing.
 *
 * KEYS  delivery, queue of its channel, guard
 * ARGV  guard ('none'; 'whole': the guard key must exist; otherwise a token that it must hold), life of the guard (ms),
 *       rank, value, life (ms), alert id, raised at (ms), 1 when nothing is left to do for it
 * Returns {'set', value}, {'kept', the later value that is there}, or {'absent'} when the guard fails: nothing was done.
 */
export const ADVANCE = `
if ARGV[1] == 'whole' then
  if redis.call('EXISTS', KEYS[3]) == 0 then return {'absent'} end
elseif ARGV[1] ~= 'none' then
  if redis.call('GET', KEYS[3]) ~= ARGV[1] then return {'absent'} end
  redis.call('PEXPIRE', KEYS[3], ARGV[2])
end
local known = redis.call('GET', KEYS[1])
if known and tonumber(string.match(known, '^%d+')) >= tonumber(ARGV[3]) then return {'kept', known} end
redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5])
if ARGV[8] == '1' then
  redis.call('ZREM', KEYS[2], ARGV[6])
else
  redis.call('ZADD', KEYS[2], ARGV[7], ARGV[6])
  redis.call('PEXPIRE', KEYS[2], ARGV[5])
end
return {'set', ARGV[4]}
`;

/**
 * Takes a channel's lock, which proves, for as long as it is held, that Redis has lost nothing since.
 *
 * KEYS whole marker, lock   ARGV token, life (ms)
 * Returns {'held', what the marker holds}, {'busy'}, or {'absent'} when the copy is not whole.
 */
export const LOCK = `
local since = redis.call('GET', KEYS[1])
if not since then return {'absent'} end
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return {'held', since} end
return {'busy'}
`;

/** KEYS lock   ARGV token */
export const UNLOCK = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`;

/**
 * The value of the delivery that is first in a channel's queue, or nil.
 *
 * KEYS queue   ARGV what is before and after the alert id in the key of a delivery
 */
export const HEAD = `
while true do
  local first = redis.call('ZRANGE', KEYS[1], 0, 0)
  if first[1] == nil then return false end
  local value = redis.call('GET', ARGV[1] .. first[1] .. ARGV[2])
  if value then return value end
  redis.call('ZREM', KEYS[1], first[1])
end
`;

/**
 * Declares a rebuilt copy whole.
 *
 * KEYS rebuild lock, whole marker   ARGV token, life (ms), since when Redis remembers (ms)
 * Returns 1, or 0 when the lock is lost.
 */
export const DECLARE_WHOLE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[2])
redis.call('DEL', KEYS[1])
return 1
`;

/** Since when Redis remembers: what it knows, else this moment. KEYS marker   ARGV now (ms), life (ms)   Returns ms. */
export const REMEMBER_SINCE = `
local since = redis.call('GET', KEYS[1]) or ARGV[1]
redis.call('SET', KEYS[1], since, 'PX', ARGV[2])
return since
`;

/** Prolongs a lock. KEYS lock   ARGV token, life (ms) */
export const KEEP_LOCK = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
`;
