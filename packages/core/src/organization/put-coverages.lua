-- Records how targets were last read (or that they are known), or forgets them, in one command per kind of change.
-- first: where in KEYS the coverage hash stands; one zset per status follows it, in the order of the list `statuses`, and then the
--   stream of changed places
-- readings: at most 1,000 of { member, status, attempted at (epoch ms), JSON }
-- status: '' forgets, '?' only makes it known, '+STATUS' also makes it known, plain STATUS says nothing of an unknown one
-- Invariant: a member stands in exactly one status zset. One entry of the stream names all members that changed.
local PLACES_KEPT = 10000
local function put_coverages(first, statuses, readings)
  if #readings == 0 then return end
  local members = {}
  for i, reading in ipairs(readings) do members[i] = reading[1] end
  local values = redis.call('HMGET', KEYS[first], unpack(members))
  -- What is stored of each member, and what is to be: { status, at, JSON }. The last that is said of a member stands.
  local before, after = {}, {}
  for i, member in ipairs(members) do before[member] = values[i] end
  for _, reading in ipairs(readings) do
    local member, status = reading[1], reading[2]
    local sign = string.sub(status, 1, 1)
    local known = before[member]
    if after[member] then known = after[member][1] ~= '' end
    -- Already known, or already forgotten: nothing to say.
    if known and status ~= '?' or not known and (sign == '?' or sign == '+') then
      if sign == '?' then status = 'pending' elseif sign == '+' then status = string.sub(status, 2) end
      after[member] = { status, reading[3], reading[4] }
    end
  end
  local set, forgotten, added, left = {}, {}, {}, {}
  for s = 1, #statuses do added[s], left[s] = {}, {} end
  for member, reading in pairs(after) do
    local status = reading[1]
    if status == '' then
      forgotten[#forgotten + 1] = member
    else
      set[#set + 1] = member
      set[#set + 1] = reading[3]
    end
    -- Where it stood; nil when that cannot be read, and then it is taken out of every zset.
    local stood = before[member] and string.match(before[member], '"status":"(%a+)"')
    for s, name in ipairs(statuses) do
      if name == status then
        local to = added[s]
        to[#to + 1] = reading[2]
        to[#to + 1] = member
      elseif stood == nil or name == stood then
        left[s][#left[s] + 1] = member
      end
    end
  end
  if #set > 0 then redis.call('HSET', KEYS[first], unpack(set)) end
  if #forgotten > 0 then redis.call('HDEL', KEYS[first], unpack(forgotten)) end
  for s = 1, #statuses do
    if #added[s] > 0 then redis.call('ZADD', KEYS[first + s], unpack(added[s])) end
    if #left[s] > 0 then redis.call('ZREM', KEYS[first + s], unpack(left[s])) end
  end
  local changed = forgotten
  for i = 1, #set, 2 do changed[#changed + 1] = set[i] end
  if #changed > 0 then
    redis.call('XADD', KEYS[first + #statuses + 1], 'MAXLEN', '~', PLACES_KEPT, '*', 'places', table.concat(changed, ','))
  end
end

local function split(list)
  local words = {}
  for word in string.gmatch(list, '[^,]+') do words[#words + 1] = word end
  return words
end
