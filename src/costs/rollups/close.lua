-- Closes a projection, so that it is rebuilt before anything is counted in it again. Its sums stay until they are written
-- anew; the sets of seen ids go, because a rebuild lays them out afresh.
--
-- KEYS[1] cost:{ws}:meta
-- ARGV    seen prefix, the tag of the meters that the caller saw
-- Returns 1, or 0 when the projection is not whole or keeps other meters by now: nothing was done.

local known = redis.call('HMGET', KEYS[1], 'state', 'metersTag')
if known[1] ~= 'ready' or (known[2] or '') ~= ARGV[2] then return 0 end
local fields = redis.call('HGETALL', KEYS[1])
for f = 1, #fields, 2 do
  local epoch = string.match(fields[f], '^sets:(%d+)$')
  if epoch then
    for index = 0, tonumber(fields[f + 1]) - 1 do
      redis.call('UNLINK', ARGV[1] .. epoch .. ':i' .. index, ARGV[1] .. epoch .. ':c' .. index)
    end
  end
end
redis.call('DEL', KEYS[1])
return 1
