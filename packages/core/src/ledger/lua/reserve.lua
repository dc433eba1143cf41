-- Reserves room for installs in flight, under three caps at once; or gives it back.
-- KEYS: 1 in-flight (hash)
-- ARGV: 1 `reserve` | `release`  2 account  3 target  4 batch  then for reserve: 5 wanted  6 cap of all  7 cap per account  8 cap per target
-- Returns: how many were granted (0..wanted), or given back.
-- Invariant: the sums equal the entries; releasing twice gives back once.
local member = ARGV[3] .. '/' .. ARGV[4]
local sums = { 'total', 'a:' .. ARGV[2], 't:' .. ARGV[3] }
local function change(by)
  for _, sum in ipairs(sums) do
    if redis.call('HINCRBY', KEYS[1], sum, by) <= 0 then redis.call('HDEL', KEYS[1], sum) end
  end
end
if ARGV[1] == 'release' then
  local held = tonumber(redis.call('HGET', KEYS[1], member) or '0')
  if held == 0 then return 0 end
  redis.call('HDEL', KEYS[1], member)
  change(-held)
  return held
end
-- A batch reserves once: the same call again (resent after a lost connection) gets the same answer.
local held = tonumber(redis.call('HGET', KEYS[1], member) or '0')
if held > 0 then return held end
local granted = tonumber(ARGV[5])
for i, sum in ipairs(sums) do
  local used = tonumber(redis.call('HGET', KEYS[1], sum) or '0')
  granted = math.min(granted, math.max(0, tonumber(ARGV[5 + i]) - used))
end
if granted <= 0 then return 0 end
redis.call('HSET', KEYS[1], member, granted)
change(granted)
return granted
