-- Adds spans to what is known of their trace, decides which of them cost, and takes charges back, all in one step: whatever
-- order and whichever instance spans come by, the same spans end in the same decisions.
--
-- Nodes are priced calls (w), unknown ones (u) and links (p). A w costs unless a w is below it, through any spans
-- between; a u is charged, as unknown, unless a w or u is below it or a w above it. What is published counts and nothing
-- else: a call whose charge never came to Pub/Sub neither takes another's back nor keeps it from being made. Only within
-- one request calls go by each other before, because all of them are published or none was acknowledged.
--
-- KEYS  1 spans (hash), 2 unknown (set), 3 retracting (set), 4 since, 5 and 6 spans held by the scope in this epoch and the
--       one before; see trace-keys.ts
-- ARGV  one JSON object, see `TraceCommand` in trace-state.ts
-- Returns JSON: {forgotten: true}, calls began before the trace is remembered: look its charges up, then call again; or
--       {costing: [id], unkept: [id], retracting: [[id, rest]]}: the calls to decide on that cost; the spans that are more
--       than is kept; what is to be taken back, until 3 no longer holds it. An empty list may be written {}.
--
-- A span is kept as class, below (0, or 1 when a published w, 2 when a published u, 3 when both are below), state, parent
-- (16 digits, or as many dots when unknown, dashes for none) and rest: what the caller wants back with a retraction, ''
-- for what is never taken back. States: - undecided or not costing, c charged, k published, r taken back. A span that
-- others name as their parent and that has not come yet has the class '?'.

local spansKey, unknownKey, retractingKey, sinceKey, heldKey, heldBeforeKey = unpack(KEYS)
local command = cjson.decode(ARGV[1])
local limits, ttls = command.limits, command.ttlSeconds
local UNKNOWN_PARENT, NO_PARENT = string.rep('.', 16), string.rep('-', 16)

local since = tonumber(redis.call('GET', sinceKey) or command.now)
redis.call('SET', sinceKey, string.format('%.0f', since), 'EX', ttls.since)
local about = redis.call('HMGET', spansKey, '#from', '#looked', '#links', '#calls', '#priced')
-- What began earlier may have left with Redis' memory, or with the trace's keys when they expired.
local from = tonumber(about[1]) or math.max(since, command.now - ttls.plain * 1000)
local isLookedUp = command.isLookedUp or about[2] == '1'
if command.earliest and command.earliest < from and not isLookedUp then
  return cjson.encode({forgotten = true})
end
local links, calls, hasPriced = tonumber(about[3] or 0), tonumber(about[4] or 0), about[5] == '1'
local held = tonumber(redis.call('GET', heldKey) or 0) + tonumber(redis.call('GET', heldBeforeKey) or 0)
local heldAtFirst = held

local nodes, changed = {}, {}
-- Whether published unknown calls may have come below a priced one: each is looked at when it is published itself, and all
-- of them when something that they are below of comes to lie within more, or to count.
local isToRescan = false

local function load(id)
  local node = nodes[id]
  if node then return node end
  local text = redis.call('HGET', spansKey, id)
  if text then
    node = {
      class = string.sub(text, 1, 1),
      below = tonumber(string.sub(text, 2, 2)),
      state = string.sub(text, 3, 3),
      parent = string.sub(text, 4, 19),
      rest = string.sub(text, 20),
    }
  else
    node = {class = '?', below = 0, state = '-', parent = UNKNOWN_PARENT, rest = ''}
  end
  nodes[id] = node
  return node
end

local function has(mask, bit) return math.floor(mask / bit) % 2 == 1 end

local function union(a, b)
  return ((has(a, 1) or has(b, 1)) and 1 or 0) + ((has(a, 2) or has(b, 2)) and 2 or 0)
end

local function bitOf(class) return class == 'w' and 1 or class == 'u' and 2 or 0 end

local function parentOf(node)
  if node.parent ~= UNKNOWN_PARENT and node.parent ~= NO_PARENT then return node.parent end
  return nil
end

local function takeBack(id, node)
  node.state = 'r'
  changed[id] = true
  if node.rest ~= '' then redis.call('SADD', retractingKey, id) end
  if node.class == 'u' then redis.call('SREM', unknownKey, id) end
end

local function tell(id, mask)
  local node = load(id)
  local below = union(node.below, mask)
  if below == node.below then return false end
  node.below = below
  changed[id] = true
  if node.class == 'w' and has(below, 2) then isToRescan = true end
  local isCharged = node.state == 'c' or node.state == 'k'
  if isCharged and (has(below, 1) or node.class == 'u') then takeBack(id, node) end
  return true
end

-- Tells everything above a span what is published in and below it. Ends where nothing is new, so also in a circle.
local function tellAbove(id)
  local node = load(id)
  local mask = union(node.below, node.state == 'k' and bitOf(node.class) or 0)
  local above = parentOf(node)
  while mask > 0 and above and tell(above, mask) do
    node = load(above)
    mask = node.below
    above = parentOf(node)
  end
end

-- Whether there is room for a span: for links as long as there is plenty, for calls longer.
local function hasRoom(class)
  if held >= limits.held then return false end
  if class ~= 'p' then return calls < limits.calls end
  if links >= limits.links then return false end
  return held < limits.heldWithoutCalls or command.hasCalls or calls > 0
end

-- Adds what is new of a span; a span that came before stays as it was, but one that was refused may come as a call.
local function add(id, class, parent, rest)
  local node = load(id)
  local isNew = node.class == '?'
  if isNew or (node.class == 'p' and class ~= 'p') then
    if not hasRoom(class) then
      if isNew and not changed[id] then nodes[id] = nil end
      return false
    end
    if isNew then held = held + 1 end
    if class == 'p' then links = links + 1 else calls = calls + 1 end
    if class == 'w' then hasPriced = true end
    node.class, node.rest = class, rest
    changed[id] = true
  end
  if node.parent == UNKNOWN_PARENT and parent ~= UNKNOWN_PARENT then
    node.parent = parent
    changed[id] = true
    if has(node.below, 2) then isToRescan = true end
  end
  return true
end

-- Whether a priced call lies above a span, as far up as is looked; those that count (`isSure`) only. Each span is asked
-- once per memo.
local function isBelowPriced(id, isSure, memo)
  local path, met, result = {}, {}, false
  while memo[id] == nil and not met[id] and #path < limits.depth do
    met[id] = true
    path[#path + 1] = id
    local above = parentOf(load(id))
    if not above then break end
    if isSure(above, load(above)) then
      result = true
      break
    end
    id = above
  end
  if memo[id] ~= nil then result = memo[id] end
  for _, one in ipairs(path) do memo[one] = result end
  return result
end

-- 1. What the ledger knows of a trace that was forgotten.
local given, unkept, toAsk = {}, {}, {}
for _, charge in ipairs(command.charges) do
  local parent = charge.parent == '' and UNKNOWN_PARENT or charge.parent
  if load(charge.id).class == '?' and add(charge.id, charge.class, parent, charge.rest) then
    local node = load(charge.id)
    node.state = charge.state
    if charge.state == 'k' and charge.class == 'u' then redis.call('SADD', unknownKey, charge.id) end
    if node.below > 0 then
      local below = node.below
      node.below = 0
      tell(charge.id, below)
    end
    isToRescan = true
  end
  given[#given + 1] = charge.id
end

-- 2. The spans of the request.
for _, span in ipairs(command.spans) do
  local parent = span.parent
  if parent == '' or parent == span.id then parent = NO_PARENT end
  if add(span.id, span.class, parent, span.rest) then
    if span.below > 0 then tell(span.id, span.below) end
    given[#given + 1] = span.id
  else
    unkept[#unkept + 1] = span.id
  end
end

-- 3. Charges that are with Pub/Sub now, and what is taken to be around them.
for _, id in ipairs(command.published) do
  local node = load(id)
  if node.state == 'c' then
    node.state = 'k'
    changed[id] = true
    if node.class == 'w' and has(node.below, 2) then isToRescan = true end
    if node.class == 'u' then toAsk[#toAsk + 1] = id end
  end
  given[#given + 1] = id
end
for _, around in ipairs(command.around) do
  if load(around.id).class ~= '?' then
    tell(around.id, around.below)
    given[#given + 1] = around.id
  end
end
for _, id in ipairs(given) do tellAbove(id) end

-- 4. A priced call that counts may have come above unknown ones, or the spans that connect them.
local function counts(_, node)
  return node.class == 'w' and (node.state == 'k' or node.state == 'r' or has(node.below, 1))
end
if hasPriced then
  local memo = {}
  if isToRescan then toAsk = redis.call('SMEMBERS', unknownKey) end
  for _, id in ipairs(toAsk) do
    local node = load(id)
    if (node.state == 'c' or node.state == 'k') and isBelowPriced(id, counts, memo) then takeBack(id, node) end
  end
end

-- 5. Which calls cost, taking it that all of this request will be published.
local together, isTogether = {}, {}
for _, id in ipairs(command.decide) do isTogether[id] = true end
for _, id in ipairs(command.decide) do
  local node = load(id)
  local mask, above = bitOf(node.class), parentOf(node)
  while above do
    node = load(above)
    local before = together[above] or 0
    if union(union(before, node.below), mask) == union(before, node.below) then break end
    together[above] = union(before, mask)
    mask = together[above]
    above = parentOf(node)
  end
end
local function willCount(id, node)
  return counts(id, node) or (node.class == 'w' and isTogether[id] == true)
end
local costing, memo = {}, {}
for _, id in ipairs(command.decide) do
  local node = load(id)
  if node.state == '-' then
    local below = union(node.below, together[id] or 0)
    local costs = (node.class == 'w' and not has(below, 1))
      or (node.class == 'u' and below == 0 and not isBelowPriced(id, willCount, memo))
    if costs then
      node.state = 'c'
      changed[id] = true
      if node.class == 'u' then redis.call('SADD', unknownKey, id) end
    end
  end
  -- A span that has left with Redis' memory since it was added is charged as it stands.
  if node.state == 'c' or node.state == 'k' or node.class == '?' then costing[#costing + 1] = id end
end

for id in pairs(changed) do
  local node = nodes[id]
  redis.call('HSET', spansKey, id, node.class .. node.below .. node.state .. node.parent .. node.rest)
end
redis.call('HSET', spansKey, '#from', string.format('%.0f', from), '#links', links, '#calls', calls)
if hasPriced then redis.call('HSET', spansKey, '#priced', '1') end
-- Only now: who comes again before needs what the ledger says again.
if command.isLookedUp and command.isPublished then redis.call('HSET', spansKey, '#looked', '1') end

local retracting = {}
for _, id in ipairs(redis.call('SMEMBERS', retractingKey)) do retracting[#retracting + 1] = {id, load(id).rest} end
local ttl = (calls > 0 or #retracting > 0) and ttls.calls or ttls.plain
for _, key in ipairs({spansKey, unknownKey, retractingKey}) do redis.call('EXPIRE', key, ttl) end
if held > heldAtFirst then
  redis.call('INCRBY', heldKey, held - heldAtFirst)
  redis.call('EXPIRE', heldKey, ttls.held)
end
return cjson.encode({costing = costing, unkept = unkept, retracting = retracting})
