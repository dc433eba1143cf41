-- A token bucket (GCRA) whose rate follows what AWS allows: each throttle cuts it, each granted call raises it by one per
-- cent (docs/decisions/0004-pacing.md).
-- KEYS: 1 bucket (hash; tat = epoch ms at which it is full again; and once throttled: at = epoch ms of the last cut,
--       rate = calls per second since)
-- ARGV: 1 `take` | `take-if-known` | `throttled`  2 calls per second, uncut  3 burst  4 ms that a cut is remembered
--       5, 6 for throttled: ms that AWS asked to wait, ms since the call left
-- Returns: 0 when the call may go, else the ms to wait; for throttled: the ms after which the next may go.
--       `take-if-known` grants where there is no bucket: it costs nothing until AWS throttled a call.
-- Invariant: over any time the calls granted are at most burst + rate × time. Time is Redis's own.
local CUT, RAISE = 0.75, 1.01
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local mode, whole, burst, memory = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local held = redis.call('HMGET', KEYS[1], 'tat', 'at', 'rate')
if mode == 'take-if-known' and not held[1] then return 0 end
local tat, at = math.max(tonumber(held[1]) or now, now), tonumber(held[2])
local rate = math.min(tonumber(held[3]) or whole, whole)
-- As many seconds' worth as at the whole rate, and no less than one call.
local function lead() return math.max(0, (burst / whole - 1 / rate) * 1000) end
if mode == 'throttled' then
  local asked, age = tonumber(ARGV[5]), tonumber(ARGV[6])
  -- An answer to a call that left before the last cut belongs to the same congestion, and says nothing new.
  if not at or now - age >= at then at, rate = now, math.max(whole / 1000, rate * CUT) end
  -- AWS's bucket is empty, so ours is: nothing goes before the wait it asked for, and no burst then.
  tat = math.max(tat, now + math.max(asked, 1000 / rate) + lead())
end
local wait = math.ceil(tat - lead() - now)
if wait <= 0 then
  wait, tat, rate = 0, tat + 1000 / rate, math.min(whole, rate * RAISE)
end
redis.call('HSET', KEYS[1], 'tat', tat)
local keep = tat - now + 1000
if at then
  redis.call('HSET', KEYS[1], 'at', at, 'rate', rate)
  keep = math.max(keep, (rate < whole and now or at) + memory - now)
end
redis.call('PEXPIRE', KEYS[1], math.ceil(keep))
return wait
