-- Makes the installation's counts anew from those of its targets. For what only another client, or a lost key, leaves
-- behind: Redis is busy with 85,000 targets for about a second.
-- KEYS: 1 totals (hash)  2 index (zset)  3 populated (set)
-- Returns: nothing.
-- Invariant: see count-records.lua.
redis.call('DEL', KEYS[2])
-- The keys of a target begin like that of the totals.
local own, sums = string.sub(KEYS[1], 1, -#'counts' - 1), {}
for _, target in ipairs(redis.call('SMEMBERS', KEYS[3])) do
  local names = {
    counts = own .. target .. ':counts',
    instances = own .. target .. ':instances',
    totals = KEYS[1],
    index = KEYS[2],
  }
  local fields = redis.call('HGETALL', names.counts)
  for i = 2, #fields, 2 do
    if not records.is_count(fields[i]) then
      records.count_anew(names, target)
      fields = redis.call('HGETALL', names.counts)
      break
    end
  end
  for i = 1, #fields, 2 do
    sums[fields[i]] = (sums[fields[i]] or 0) + tonumber(fields[i + 1])
    redis.call('ZADD', KEYS[2], 0, fields[i] .. '|' .. target)
  end
end
redis.call('DEL', KEYS[1])
for field, count in pairs(sums) do redis.call('HSET', KEYS[1], field, count) end
