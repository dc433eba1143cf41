-- The status that a stored reading tells; nil when it cannot be read.
local function status_of(value)
  return string.match(value, '"status":"(%a+)"')
end

-- Records how one target was last read (or that it is known), or forgets it.
-- first: where in KEYS the coverage hash stands; one zset per status follows it, in the order of the list `statuses`
-- status: '' forgets, '?' only makes it known, '+STATUS' also makes it known, plain STATUS says nothing of an unknown one
-- Returns: 1 when the member was new, else 0
-- Invariant: a member stands in exactly one status zset.
local function put_coverage(first, statuses, member, status, at, value)
  local before = redis.call('HGET', KEYS[first], member)
  local known = before ~= false
  local create = status == '?' or string.sub(status, 1, 1) == '+'
  -- Already known, or already forgotten: nothing to say.
  if (status == '?' and known) or (not create and not known) then return 0 end
  -- Where it stands now ('' when it is new); nil when that cannot be read, and then every zset is looked at.
  local stands = not known and '' or status_of(before)
  if status == '?' then status = 'pending' elseif create then status = string.sub(status, 2) end
  if status == '' then redis.call('HDEL', KEYS[first], member) else redis.call('HSET', KEYS[first], member, value) end
  for s, name in ipairs(statuses) do
    if name == status then
      redis.call('ZADD', KEYS[first + s], at, member)
    elseif stands == nil or name == stands then
      redis.call('ZREM', KEYS[first + s], member)
    end
  end
  return known and 0 or 1
end

-- Whether a list of statuses has the one in which a member stands; also when it is not known at all.
local function stands_among(coverage, list, member)
  local before = redis.call('HGET', KEYS[coverage], member)
  if not before then return true end
  local stands = status_of(before)
  return stands and string.find(',' .. list .. ',', ',' .. stands .. ',', 1, true) ~= nil
end

local function split(list)
  local words = {}
  for word in string.gmatch(list, '[^,]+') do words[#words + 1] = word end
  return words
end
