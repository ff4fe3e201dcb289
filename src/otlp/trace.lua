-- Adds spans to what is known of their trace and decides which of them cost, all in one step: whatever order and
-- whichever instance spans come by, the same spans end in the same decisions.
--
-- Nodes are priced calls (w), unknown ones (u) and links (p). A w costs unless a w is below it, through any spans
-- between; a u is charged, as unknown, unless a w or u is below it or a w above it. Knowing more only ever takes
-- charges back: what was once decided not to cost never will.
--
-- KEYS  1 spans (hash), 2 unknown (set), 3 retracting (set), 4 since (string); see trace-keys.ts
-- ARGV  now (ms), seconds a trace without calls is kept, seconds one with calls is kept, seconds `since` is kept,
--       most spans of a trace, 1 when spans that nobody remembers were looked up (else 0),
--       the start (ms) of the earliest call among the spans ('' for none),
--       count of charges that were looked up, per charge: span id, class, below, state, parent or '', rest
--       count of spans, per span: span id, class, below, parent or '', rest
--       where below is 0, or 1 when a w, 2 when a u, 3 when both are known to be below; rest is what the caller
--       wants back with a retraction (never empty for w and u, '' for p)
-- Returns {'unknown'}  calls began before the trace is remembered: look its charges up, then call again
--         {'decided', count, span id..., count, span id, rest..., count, span id...}
--         the spans among ARGV's that cost; those to be taken back, until 3 no longer holds them; those that are
--         more than is kept of a trace
--
-- A span is kept as class, below, state (- undecided or never, c charged, r taken back), parent (16 digits, or as
-- many dots when unknown, dashes for none) and rest. A span that others name as their parent and that has not come
-- yet has the class '?'.

local spansKey, unknownKey, retractingKey, sinceKey = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local now, plainTtl, callTtl, sinceTtl = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]
local maxSpans, isLookedUp, earliest = tonumber(ARGV[5]), ARGV[6] == '1', tonumber(ARGV[7])
local UNKNOWN_PARENT, NO_PARENT = string.rep('.', 16), string.rep('-', 16)

local since = tonumber(redis.call('GET', sinceKey) or now)
redis.call('SET', sinceKey, string.format('%.0f', since), 'EX', sinceTtl)
local about = redis.call('HMGET', spansKey, '#from', '#looked', '#count', '#priced')
-- What began earlier may have left with Redis' memory, or with the trace's keys when they expired.
local from = tonumber(about[1]) or math.max(since, now - plainTtl * 1000)
if earliest and earliest < from and not isLookedUp and about[2] ~= '1' then return {'unknown'} end
local count, hasPriced = tonumber(about[3] or 0), about[4] == '1'

local nodes, changed = {}, {}

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

local function takeBack(id, node)
  node.state = 'r'
  changed[id] = true
  redis.call('SADD', retractingKey, id)
  if node.class == 'u' then redis.call('SREM', unknownKey, id) end
end

local function takeBackIfBelow(id, node)
  if node.state ~= 'c' then return end
  if has(node.below, 1) or (node.class == 'u' and node.below > 0) then takeBack(id, node) end
end

-- Tells everything above a span what is in and below it. Ends where nothing is new, so also in a circle.
local function tellAbove(id)
  local node = load(id)
  local mask = union(node.below, node.class == 'w' and 1 or node.class == 'u' and 2 or 0)
  while mask > 0 and node.parent ~= UNKNOWN_PARENT and node.parent ~= NO_PARENT do
    id = node.parent
    node = load(id)
    local below = union(node.below, mask)
    if below == node.below then return end
    node.below = below
    changed[id] = true
    takeBackIfBelow(id, node)
    mask = below
  end
end

local function isBelowPriced(id)
  local met, node = {[id] = true}, load(id)
  while node.parent ~= UNKNOWN_PARENT and node.parent ~= NO_PARENT and not met[node.parent] do
    id = node.parent
    met[id] = true
    node = load(id)
    if node.class == 'w' then return true end
  end
  return false
end

-- Adds what is new of a span; a span that came before stays as it was.
local function add(id, class, below, parent, rest)
  local node = load(id)
  if node.class == '?' then
    if count >= maxSpans then
      nodes[id] = nil
      return false
    end
    count = count + 1
    node.class, node.rest = class, rest
    if class == 'w' then hasPriced = true end
    changed[id] = true
  end
  if node.parent == UNKNOWN_PARENT and parent ~= UNKNOWN_PARENT then
    node.parent = parent
    changed[id] = true
  end
  local known = union(node.below, below)
  if known ~= node.below then
    node.below = known
    changed[id] = true
    takeBackIfBelow(id, node)
  end
  return true
end

local at = 8
local charges = tonumber(ARGV[at])
at = at + 1
local given = {}
for _ = 1, charges do
  local id, state = ARGV[at], ARGV[at + 3]
  local parent = ARGV[at + 4] == '' and UNKNOWN_PARENT or ARGV[at + 4]
  local isNew = load(id).class == '?'
  if isNew and add(id, ARGV[at + 1], 0, parent, ARGV[at + 5]) then
    local node = load(id)
    node.state = state
    if state == 'c' and node.class == 'u' then redis.call('SADD', unknownKey, id) end
    add(id, node.class, tonumber(ARGV[at + 2]), parent, node.rest)
    takeBackIfBelow(id, node)
  end
  given[#given + 1] = id
  at = at + 6
end

local spans = tonumber(ARGV[at])
at = at + 1
local added, refused = {}, {}
for _ = 1, spans do
  local id, parent = ARGV[at], ARGV[at + 3]
  if parent == '' or parent == id then parent = NO_PARENT end
  local isIn = add(id, ARGV[at + 1], tonumber(ARGV[at + 2]), parent, ARGV[at + 4])
  if isIn then added[#added + 1] = id else refused[#refused + 1] = id end
  at = at + 5
end
for _, id in ipairs(given) do tellAbove(id) end
for _, id in ipairs(added) do tellAbove(id) end

-- A priced call may have come above unknown ones, or the spans that connect them.
if hasPriced then
  for _, id in ipairs(redis.call('SMEMBERS', unknownKey)) do
    local node = load(id)
    if node.state == 'c' and isBelowPriced(id) then takeBack(id, node) end
  end
end

local costing = {}
for _, id in ipairs(added) do
  local node = load(id)
  if node.state == '-' then
    local costs = (node.class == 'w' and not has(node.below, 1))
      or (node.class == 'u' and node.below == 0 and not isBelowPriced(id))
    if costs then
      node.state = 'c'
      changed[id] = true
      if node.class == 'u' then redis.call('SADD', unknownKey, id) end
    end
  end
  if node.state == 'c' then costing[#costing + 1] = id end
end

for id in pairs(changed) do
  local node = nodes[id]
  if node then
    redis.call('HSET', spansKey, id, node.class .. node.below .. node.state .. node.parent .. node.rest)
  end
end
redis.call('HSET', spansKey, '#from', string.format('%.0f', from), '#count', count)
if hasPriced then redis.call('HSET', spansKey, '#priced', '1') end
if isLookedUp then redis.call('HSET', spansKey, '#looked', '1') end

local retracting = redis.call('SMEMBERS', retractingKey)
local hasCalls = hasPriced or #retracting > 0 or redis.call('EXISTS', unknownKey) == 1
for _, key in ipairs({spansKey, unknownKey, retractingKey}) do
  redis.call('EXPIRE', key, hasCalls and callTtl or plainTtl)
end

local answer = {'decided', tostring(#costing)}
for _, id in ipairs(costing) do answer[#answer + 1] = id end
answer[#answer + 1] = tostring(#retracting)
for _, id in ipairs(retracting) do
  answer[#answer + 1] = id
  answer[#answer + 1] = load(id).rest
end
answer[#answer + 1] = tostring(#refused)
for _, id in ipairs(refused) do answer[#answer + 1] = id end
return answer
