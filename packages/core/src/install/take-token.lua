-- A token bucket (GCRA) whose rate finds what AWS allows: a throttle says how fast AWS's own bucket was refilled, calls
-- that went well feel for more (docs/decisions/0004-pacing.md).
-- KEYS: 1 bucket (hash; tat = epoch ms at which it is full again; from, counted = since when and how many calls were counted
--       to know AWS's rate; and once throttled: at = epoch ms of the last cut, top = calls per second that AWS allowed then,
--       calls = granted since, span = after how many calls `top` is reached again)
-- ARGV: 1 `take` | `take-if-known` | `throttled`  2 calls per second, uncut  3 burst  4 ms that a cut is remembered
--       5, 6 for throttled: ms that AWS asked to wait, ms since the call left
-- Returns: 0 when the call may go, else the ms to wait; for throttled: the ms after which the next may go.
--       `take-if-known` grants where there is no bucket: it costs nothing until somebody was throttled.
-- Invariant: over any time the calls granted are at most burst + rate × time. Time is Redis's own.
local CUT, GENTLE, DEEP, SHORTEST, LONGEST = 0.1, 0.7, 0.3, 4, 30
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local mode, whole, burst, memory = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local held = redis.call('HMGET', KEYS[1], 'tat', 'from', 'counted', 'at', 'top', 'calls', 'span')
if mode == 'take-if-known' and not held[1] then return 0 end
local tat, from, counted = tonumber(held[1]) or now, tonumber(held[2]), tonumber(held[3]) or 0
local at, top, calls, span = tonumber(held[4]), tonumber(held[5]), tonumber(held[6]) or 0, tonumber(held[7])
local worth = burst / whole * 1000
-- Nobody called for so long that AWS's bucket is full: what it gives now is its refill, and about as much as ours holds.
if mode ~= 'throttled' and (not from or now - tat >= worth) then from, counted = now - worth, 0 end
tat = math.max(tat, now)
-- Quickly near to where the last throttle was, slowly past it, and faster the longer nothing is said.
local function rate_now()
  if not top then return whole end
  return math.min(whole, top * (1 + CUT * (calls / span - 1) ^ 3))
end
-- As many seconds' worth as at the whole rate, and no less than one call.
local function lead(rate) return math.max(0, worth - 1000 / rate) end
local rate = rate_now()
if mode == 'throttled' then
  local asked, age = tonumber(ARGV[5]), tonumber(ARGV[6])
  calls, counted = math.max(0, calls - 1), math.max(0, counted - 1)
  -- An answer to a call that left before the cut belongs to the same congestion, and says nothing new.
  if not at or now - age >= at then
    local measured = rate
    -- Half a call more: between none and one was left in AWS's bucket.
    if from and now > from then measured = (counted + 0.5) * 1000 / (now - from) end
    -- Far past the last throttle's rate AWS allows more than it did, and what was counted on the way there is too little.
    local least = rate * ((top and calls > 2 * span) and GENTLE or DEEP)
    top = math.max(whole / 1000, math.min(rate, math.max(least, measured)))
    -- The fewer calls it was measured by, the sooner it is tried again.
    span = math.max(SHORTEST, math.min(LONGEST, counted))
    at, calls, from, counted = now, 0, now + asked, 0
    rate = rate_now()
  end
  -- AWS's bucket is empty, so ours is: nothing goes before the wait it asked for, and no burst then.
  tat = math.max(tat, now + math.max(asked, 1000 / rate) + lead(rate))
end
local wait = math.ceil(tat - lead(rate) - now)
if wait <= 0 then
  wait, tat, calls, counted = 0, tat + 1000 / rate, calls + 1, counted + 1
end
local keep = tat - now + 1000
if top then keep = math.max(keep, (rate < whole and now or at) + memory - now) end
redis.call('HSET', KEYS[1], 'tat', tat, 'from', from or now, 'counted', counted)
if top then redis.call('HSET', KEYS[1], 'at', at, 'top', top, 'calls', calls, 'span', span) end
redis.call('PEXPIRE', KEYS[1], math.ceil(keep))
return wait
