-- Writes enrollment records and intents of one target, each only if its version is the expected one, and keeps the indexes.
-- KEYS: 1 instances (hash)  2 counts (hash)  3 candidates (zset)  4 verify (zset)  5 intents (hash)
--       6 summary (hash)
-- ARGV: 1 'all' (all or nothing) | 'each'  2 a random word
--       3 number of records R, then R times: instance id, expected version (0: must be absent), value ('' deletes)
--       then number of intents I, then I times: batch id, expected version (0: must be absent), value ('' deletes)
--   A record's value is `version|state|cause|candidateAt|verifyAt|JSON`, with `seal|` before the JSON or without; an intent's is `version|JSON`.
-- Returns: a list of R + I words `written` | `stale`, in the order given. With 'all', one stale makes all stale.
-- Invariant: counts, candidates and verify always agree with the headers in instances; the word `written` in the summary
--   is another one after every write of records.
local function version_of(value)
  if not value then return '0' end
  return string.match(value, '^(%d+)|')
end
local function header_of(value)
  local state, cause, candidate, verify = string.match(value, '^%d+|([^|]*)|([^|]*)|([^|]*)|([^|]*)|')
  return state, cause, candidate, verify
end
local results, writes, stale = {}, {}, false
local at = 3
local records = tonumber(ARGV[at])
at = at + 1
for i = 1, records do
  local id, expected, value = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  at = at + 3
  local current = redis.call('HGET', KEYS[1], id)
  if version_of(current) == expected then
    results[i] = 'written'
    writes[#writes + 1] = { id = id, current = current, value = value }
  else
    results[i] = 'stale'
    stale = true
  end
end
local intents = tonumber(ARGV[at])
at = at + 1
local intent_writes = {}
for i = 1, intents do
  local id, expected, value = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  at = at + 3
  local current = redis.call('HGET', KEYS[5], id)
  if version_of(current) == expected then
    results[records + i] = 'written'
    intent_writes[#intent_writes + 1] = { id = id, value = value }
  else
    results[records + i] = 'stale'
    stale = true
  end
end
if stale and ARGV[1] == 'all' then
  for i = 1, records + intents do results[i] = 'stale' end
  return results
end
local deltas = {}
local function count(field, by)
  if field ~= 's:' and field ~= 'c:' then deltas[field] = (deltas[field] or 0) + by end
end
for _, write in ipairs(writes) do
  if write.current then
    local state, cause = header_of(write.current)
    count('s:' .. state, -1)
    count('c:' .. cause, -1)
  end
  if write.value ~= '' then
    local state, cause = header_of(write.value)
    count('s:' .. state, 1)
    count('c:' .. cause, 1)
  end
end
-- An error in the middle would leave records without their intents: what can be refused is refused before the first write.
redis.call('ZCARD', KEYS[3])
redis.call('ZCARD', KEYS[4])
redis.call('HLEN', KEYS[6])
local uncounted = false
for field in pairs(deltas) do
  local counted = redis.call('HGET', KEYS[2], field)
  if counted and (#counted > 15 or not string.match(counted, '^%d+$')) then uncounted = true end
end
for _, write in ipairs(writes) do
  if write.value == '' then
    redis.call('HDEL', KEYS[1], write.id)
    redis.call('ZREM', KEYS[3], write.id)
    redis.call('ZREM', KEYS[4], write.id)
  else
    local _, _, candidate, verify = header_of(write.value)
    redis.call('HSET', KEYS[1], write.id, write.value)
    if candidate == '' then redis.call('ZREM', KEYS[3], write.id) else redis.call('ZADD', KEYS[3], candidate, write.id) end
    if verify == '' then redis.call('ZREM', KEYS[4], write.id) else redis.call('ZADD', KEYS[4], verify, write.id) end
  end
end
if #writes > 0 then redis.call('HSET', KEYS[6], 'written', ARGV[2]) end
if uncounted then
  -- Muster did not write a count that is no number: all are counted anew.
  deltas = {}
  redis.call('DEL', KEYS[2])
  for _, value in ipairs(redis.call('HVALS', KEYS[1])) do
    local state, cause = header_of(value)
    count('s:' .. (state or ''), 1)
    count('c:' .. (cause or ''), 1)
  end
end
for field, by in pairs(deltas) do
  if by ~= 0 and redis.call('HINCRBY', KEYS[2], field, by) == 0 then redis.call('HDEL', KEYS[2], field) end
end
for _, write in ipairs(intent_writes) do
  if write.value == '' then redis.call('HDEL', KEYS[5], write.id) else redis.call('HSET', KEYS[5], write.id, write.value) end
end
return results
