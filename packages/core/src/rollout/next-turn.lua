-- When a target that found no room looks again. Targets that wait for the same look one after the other, each in a turn of its own:
-- how often all of them look does not grow with how many they are, and who waits longest is the next.
-- KEYS: 1 turns (hash): what is waited for → the turn that was given out last (epoch ms)
-- ARGV: 1 the least to wait (ms)  2 what lies between two turns (ms)  3… what is waited for, each
-- Returns: in how many ms.
-- Invariant: of turns for the same, no two are closer than ARGV 2, and none is further away than an hour.
local key, at_least, apart = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local HOUR_MS = 3600000
local now = now_ms()
local latest = now + at_least
for i = 3, #ARGV do
  local last = tonumber(redis.call('HGET', key, ARGV[i]) or '') or 0
  local at = math.min(math.max(now + at_least, last + apart), now + HOUR_MS)
  redis.call('HSET', key, ARGV[i], string.format('%.0f', at))
  latest = math.max(latest, at)
end
redis.call('PEXPIRE', key, 2 * HOUR_MS)
return string.format('%.0f', latest - now)
