-- A token bucket (GCRA) whose rate follows AWS's answers: a throttle cuts it, time gives it back.
-- KEYS: 1 bucket (hash: tat = epoch ms at which it is full again, factor = 0.05..1 of the rate, at = epoch ms of the factor)
-- ARGV: 1 `take` | `take-if-known` | `throttled`  2 rate per second  3 burst  4 ms in which a cut rate recovers wholly
--       5 for throttled: ms that AWS asked to wait
-- Returns: 0 when the call may go, else the ms to wait. `take-if-known` grants where there is no bucket: it costs nothing
-- until somebody was throttled.
-- Invariant: over any time the calls granted are at most burst + rate × time. Time is Redis's own.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local mode, rate, burst, recovery = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local held = redis.call('HMGET', KEYS[1], 'tat', 'factor', 'at')
if mode == 'take-if-known' and not held[1] then return 0 end
local tat, factor, at = tonumber(held[1]) or now, tonumber(held[2]) or 1, tonumber(held[3]) or now
factor = math.min(1, factor + math.max(0, now - at) / recovery)
local wait = 0
if mode == 'throttled' then
  -- Answers to calls that were already under way when the rate was cut say nothing new.
  if now - (tonumber(held[3]) or 0) >= 500 or not held[2] or tonumber(held[2]) == 1 then
    factor = math.max(0.05, factor * 0.7)
    at = now
  end
  -- AWS's bucket is empty, so ours is: nothing goes before the wait it asked for, and no burst then.
  local interval = 1000 / (rate * factor)
  tat = math.max(tat, now + math.max(tonumber(ARGV[5]), interval) + interval * (burst - 1))
else
  at = now
  local interval = 1000 / (rate * factor)
  if tat < now then tat = now end
  wait = math.ceil(tat - interval * (burst - 1) - now)
  if wait <= 0 then
    wait = 0
    tat = tat + interval
  end
end
redis.call('HSET', KEYS[1], 'tat', tat, 'factor', factor, 'at', at)
redis.call('PEXPIRE', KEYS[1], math.ceil(math.max(tat - now, 0) + recovery + 1000))
return wait
