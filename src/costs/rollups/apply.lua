-- Counts a batch of one workspace's ledger entries in its rollups, all or none, each entry once.
--
-- KEYS[1]  cost:{ws}:meta; every other key shares its hash tag
-- ARGV     seen prefix, epoch, epoch length (s), newest event (ms),
--          tag of the meters that the blocks were made with, how many of the blocks (the last ones) are of meters,
--          entry count, then per entry: id hash (int64), content hash (int32),
--          then block count, and per block:
--            target count, per target: key, expiry (unix s), 1 when its totals must not overflow (month, meter)
--            total count, field count, per field: name, increment   (the totals come first)
-- Returns  {'applied', sum, ...}  what stands in each meter's first field now, in the order of their blocks
--          {'meters', tag, meters}  the projection keeps other meters; nothing was written: call again with these
--          {'absent'}    the projection must be rebuilt from the ledger first; nothing was written
--          {'overflow'}  a sum would pass 2^63; nothing was written, and the projection is marked unusable
--          {'seen', position, 'duplicate' | 'conflict', ...}  positions from 0; nothing was written: call again
--                        without these entries
--
-- Seen ids are kept as sets of integers, small enough (at most 512) for Redis to keep them as intsets. The number
-- of sets grows with the number of ids by linear hashing, one split at a time. Ids of the current and of the
-- previous epoch are remembered. Every set holds the member 0 from its creation, so that it exists and can expire.

local ENTRIES_PER_SET = 200
local LARGEST_SUM = 9.2e18

local meta, prefix = KEYS[1], ARGV[1]
local known = redis.call('HMGET', meta, 'state', 'epoch', 'newestEvent', 'metersTag')
if known[1] == 'overflow' then return {'overflow'} end
if known[1] ~= 'ready' then return {'absent'} end
if (known[4] or '') ~= ARGV[5] then
  return {'meters', known[4] or '', redis.call('HGET', meta, 'meters') or '[]'}
end

-- A clock that lags must not write into an epoch that others have left.
local epoch = math.max(tonumber(ARGV[2]), tonumber(known[2] or 0))
local epochSeconds = tonumber(ARGV[3])
local newestEvent = math.max(tonumber(ARGV[4]), tonumber(known[3] or 0))
local meterCount = tonumber(ARGV[6])
local entryCount = tonumber(ARGV[7])
local firstEntry = 8

local function powerOfTwoUpTo(count)
  local power = 1
  while power * 2 <= count do power = power * 2 end
  return power
end

local function setIndex(hash, count, power)
  local index = hash % (power * 2)
  if index >= count then index = index - power end
  return index
end

-- The last nine digits choose the set; they are as random as the hash itself.
local function digits(member)
  return tonumber(string.sub(member, -9))
end

-- The entries' members (offset 0: id hashes, 1: content hashes) grouped by the set they belong to.
local function grouped(offset, count)
  local power, groups = powerOfTwoUpTo(count), {}
  for i = 0, entryCount - 1 do
    local member = ARGV[firstEntry + 2 * i + offset]
    local index = setIndex(math.abs(digits(member)), count, power)
    local group = groups[index]
    if group == nil then
      group = {members = {}, positions = {}}
      groups[index] = group
    end
    group.members[#group.members + 1] = member
    group.positions[#group.positions + 1] = i
  end
  return groups
end

local function contains(kind, offset, inEpoch, count, found)
  for index, group in pairs(grouped(offset, count)) do
    local key = prefix .. inEpoch .. ':' .. kind .. index
    local answers = redis.call('SMISMEMBER', key, unpack(group.members))
    for i, answer in ipairs(answers) do
      if answer == 1 then found[group.positions[i]] = true end
    end
  end
end

local function setCount(inEpoch)
  return tonumber(redis.call('HGET', meta, 'sets:' .. inEpoch) or 0)
end

-- Check: which entries are known, and with the same content?
local current, previous = setCount(epoch), setCount(epoch - 1)
local seenIds, seenContents = {}, {}
if previous > 0 then contains('i', 0, epoch - 1, previous, seenIds) end
if current > 0 then contains('i', 0, epoch, current, seenIds) end
if next(seenIds) ~= nil then
  if previous > 0 then contains('c', 1, epoch - 1, previous, seenContents) end
  if current > 0 then contains('c', 1, epoch, current, seenContents) end
  local answer = {'seen'}
  for i = 0, entryCount - 1 do
    if seenIds[i] then
      answer[#answer + 1] = tostring(i)
      answer[#answer + 1] = seenContents[i] and 'duplicate' or 'conflict'
    end
  end
  return answer
end

-- Check: would any sum overflow? The month's totals bound every other sum of their measure but the meters'.
local blocks, pending = {}, {}
local at = firstEntry + 2 * entryCount
local blockCount = tonumber(ARGV[at])
at = at + 1
for b = 1, blockCount do
  local block = {targets = {}}
  local targetCount = tonumber(ARGV[at])
  at = at + 1
  for t = 1, targetCount do
    block.targets[t] = {key = ARGV[at], expiry = ARGV[at + 1], bound = ARGV[at + 2] == '1'}
    at = at + 3
  end
  local totalCount = tonumber(ARGV[at])
  block.fieldCount = tonumber(ARGV[at + 1])
  block.first = at + 2
  at = at + 2 + 2 * block.fieldCount
  blocks[b] = block
  for _, target in ipairs(block.targets) do
    if target.bound then
      local names = {}
      for f = 1, totalCount do names[f] = ARGV[block.first + 2 * (f - 1)] end
      local sums = redis.call('HMGET', target.key, unpack(names))
      for f = 1, totalCount do
        local sum = target.key .. ' ' .. names[f]
        pending[sum] = (pending[sum] or tonumber(sums[f] or 0)) + tonumber(ARGV[block.first + 2 * f - 1])
        if pending[sum] > LARGEST_SUM then
          redis.call('HSET', meta, 'state', 'overflow')
          return {'overflow'}
        end
      end
    end
  end
end

-- Write: remember the entries.
local expiry = (epoch + 2) * epochSeconds

local function createSet(kind, index)
  local key = prefix .. epoch .. ':' .. kind .. index
  redis.call('SADD', key, 0)
  redis.call('EXPIREAT', key, expiry)
  return key
end

local function splitSet(kind, count)
  local power = powerOfTwoUpTo(count)
  local from = prefix .. epoch .. ':' .. kind .. (count - power)
  local members = redis.call('SMEMBERS', from)
  redis.call('DEL', from)
  from = createSet(kind, count - power)
  local to = createSet(kind, count)
  for _, member in ipairs(members) do
    if member ~= '0' then
      local stays = math.abs(digits(member)) % (power * 2) ~= count
      redis.call('SADD', stays and from or to, member)
    end
  end
end

local remembered = tonumber(redis.call('HGET', meta, 'entries:' .. epoch) or 0) + entryCount
if current == 0 then
  createSet('i', 0)
  createSet('c', 0)
  current = 1
  redis.call('HDEL', meta, 'sets:' .. (epoch - 2), 'entries:' .. (epoch - 2))
end
while current * ENTRIES_PER_SET < remembered do
  splitSet('i', current)
  splitSet('c', current)
  current = current + 1
end
for index, group in pairs(grouped(0, current)) do
  redis.call('SADD', prefix .. epoch .. ':i' .. index, unpack(group.members))
end
for index, group in pairs(grouped(1, current)) do
  redis.call('SADD', prefix .. epoch .. ':c' .. index, unpack(group.members))
end

-- Write: add the increments. A field that sums to zero is absent, as it is after a rebuild.
for _, block in ipairs(blocks) do
  for _, target in ipairs(block.targets) do
    for f = block.first, block.first + 2 * block.fieldCount - 2, 2 do
      if redis.call('HINCRBY', target.key, ARGV[f], ARGV[f + 1]) == 0 then
        redis.call('HDEL', target.key, ARGV[f])
      end
    end
    redis.call('EXPIREAT', target.key, target.expiry)
  end
end
redis.call('HSET', meta, 'epoch', epoch, 'sets:' .. epoch, current, 'entries:' .. epoch, remembered,
  'newestEvent', string.format('%.0f', newestEvent))
redis.call('HINCRBY', meta, 'version', 1)
local answer = {'applied'}
for b = blockCount - meterCount + 1, blockCount do
  answer[#answer + 1] = redis.call('HGET', blocks[b].targets[1].key, ARGV[blocks[b].first]) or '0'
end
return answer
