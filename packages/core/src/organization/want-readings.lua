-- Begins to want readings: what was read so far does not count, nor what is being read.
-- KEYS: 1 sweep (hash)  2.. zsets whose scores say when something was last read
-- ARGV: 1 now (epoch ms)  2 id of the sweep that starts, or '' to go on with the one there is
-- Returns: since when a reading counts (epoch ms, as text).
-- Invariant: it is later than every reading that is recorded, and than every earlier wish, whatever the clocks of several
-- machines say. A time years ahead is ignored: Muster did not write it. A reading that begins from now on is dated no earlier
-- (begin-scans.lua), one under way no later (end-scans.lua).
local since = tonumber(ARGV[1])
local before = wanted_since(KEYS[1])
if before then since = math.max(since, tonumber(before) + 1) end
for i = 2, #KEYS do
  local newest = redis.call('ZREVRANGEBYSCORE', KEYS[i], latest_time(), '-inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]
  if newest then since = math.max(since, tonumber(newest) + 1) end
end
local text = string.format('%.0f', since)
if ARGV[2] ~= '' then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'id', ARGV[2], 'startedAtMs', text)
end
redis.call('HSET', KEYS[1], 'wantedSinceMs', text)
return text
