-- Records how targets were last read (or that they are known), or forgets them.
-- KEYS: 1 coverage (hash)  2.. one zset per status, in the order of ARGV[1]
-- ARGV: 1 the statuses, comma-separated, then quadruples: member, status ('' forgets, '?' only makes it known,
--   '+STATUS' also makes it known, plain STATUS says nothing of an unknown one), attempted at (epoch ms), JSON
-- Returns: how many members were new.
-- Invariant: a member stands in exactly one status zset.
local statuses = {}
for status in string.gmatch(ARGV[1], '[^,]+') do statuses[#statuses + 1] = status end
local added = 0
for i = 2, #ARGV, 4 do
  local member, status, at, value = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local before = redis.call('HGET', KEYS[1], member)
  local known = before ~= false
  -- Where it stands now; nil when that cannot be read, and then every zset is looked at.
  local stands = known and string.match(before, '"status":"(%a+)"') or nil
  local create = status == '?' or string.sub(status, 1, 1) == '+'
  if (status == '?' and known) or (not create and not known) then
    -- already known, or already forgotten: nothing to say
  else
    if not known then added = added + 1 end
    if status == '?' then status = 'pending' elseif create then status = string.sub(status, 2) end
    if status == '' then redis.call('HDEL', KEYS[1], member) else redis.call('HSET', KEYS[1], member, value) end
    for s, name in ipairs(statuses) do
      if name == status then
        redis.call('ZADD', KEYS[s + 1], at, member)
      elseif stands == nil or name == stands then
        redis.call('ZREM', KEYS[s + 1], member)
      end
    end
  end
end
return added
