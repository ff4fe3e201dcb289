-- Writes a part of a rebuilt projection, or declares it whole, for as long as the caller holds the lock.
--
-- KEYS[1] cost:{ws}:rebuild (the lock)   KEYS[2] cost:{ws}:meta
-- ARGV    lock token, lock life (ms), then one of
--         'clear', key...                                            delete keys before writing them anew
--         'hash', key, expiry (unix s), field, value...              set fields of a bucket
--         'set', key, expiry (unix s), member...                     add members to a set of seen ids
--         'ready', field, value...                                   set fields of meta; the projection is whole
--         'release'                                                  give the lock back
-- Returns 1, or 0 when the lock is lost or the projection has become whole already: stop.

if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[3] == 'release' then
  redis.call('DEL', KEYS[1])
  return 1
end
if redis.call('HEXISTS', KEYS[2], 'state') == 1 then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])

local step, key = ARGV[3], ARGV[4]
if step == 'clear' then
  redis.call('UNLINK', unpack(ARGV, 4))
elseif step == 'hash' then
  redis.call('HSET', key, unpack(ARGV, 6))
  redis.call('EXPIREAT', key, ARGV[5])
elseif step == 'set' then
  redis.call('SADD', key, unpack(ARGV, 6))
  redis.call('EXPIREAT', key, ARGV[5])
else
  redis.call('HSET', KEYS[2], 'state', 'ready', unpack(ARGV, 4))
  redis.call('DEL', KEYS[1])
end
return 1
